// swift-tools-version: 6.2
import PackageDescription

// One set of settings for every Swift target. No unsafeFlags anywhere: they would keep
// others from depending on a version of this package.
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]
let cSettings: [CSetting] = [
    .enableWarning("all"),
    .enableWarning("extra"),
    .treatAllWarnings(as: .error),
]

func shim(_ name: String, links libraries: [String] = []) -> Target {
    .target(
        name: name, path: "Sources/CShims/\(name)", cSettings: cSettings,
        linkerSettings: libraries.map { .linkedLibrary($0) })
}

let package = Package(
    name: "probeops",
    products: [
        .library(name: "ProbeNative", targets: ["ProbeNative"]),
        .library(name: "ProbeAgent", targets: ["ProbeAgent"]),
        .executable(name: "probe-agent", targets: ["probe-agent"]),
        .executable(name: "probe-backend", targets: ["probe-backend"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // C libraries: one module each.
        shim("CLinux"),
        shim("COpenSSL", links: ["ssl", "crypto"]),
        shim("CCurl", links: ["curl"]),
        shim("CLdns", links: ["ldns"]),
        shim("COping", links: ["oping"]),
        shim("CIDN", links: ["idn2"]),
        shim("CPCRE2", links: ["pcre2-8"]),
        shim("CSpawn"),
        shim("CPostgres", links: ["pq"]),

        // Counters, and the text in which Prometheus reads them.
        .target(name: "ProbeMetrics", swiftSettings: swiftSettings),

        // The measuring engine: no WebSocket, no NIO, no JSON.
        .target(
            name: "ProbeNative",
            dependencies: [
                "ProbeMetrics", "CLinux", "COpenSSL", "CCurl", "CLdns", "COping", "CIDN", "CPCRE2",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: swiftSettings),

        // The wire: messages and JSON bytes.
        .target(name: "ProbeProtocol", dependencies: ["ProbeNative"], swiftSettings: swiftSettings),

        // The node.
        .target(
            name: "ProbeAgent",
            dependencies: [
                "ProbeMetrics", "ProbeProtocol", "CLinux",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOExtras", package: "swift-nio-extras"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSOCKS", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "probe-agent",
            dependencies: [
                "ProbeAgent",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swiftSettings),

        // The files of the backend's dashboard, as bytes.
        .target(name: "ProbeDashboard", exclude: ["Assets"], cSettings: cSettings),

        // The reference control plane. It speaks the wire by Codable types of its own, so that
        // each side checks the other.
        .target(
            name: "ProbeBackend",
            dependencies: [
                "COpenSSL", "CPostgres", "ProbeDashboard", "ProbeMetrics",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "probe-backend",
            dependencies: [
                "ProbeBackend", "CCurl",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),

        // Load generators of benchmarks/; in no product that is installed.
        .executableTarget(
            name: "probe-bench",
            dependencies: [
                "ProbeAgent", "COpenSSL",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings),

        // Loopback targets, manual clock, outside peers, network lab.
        .target(
            name: "ProbeTesting", dependencies: ["ProbeNative", "CSpawn"], swiftSettings: swiftSettings),

        // Tries what a hardened process must not be able to do; in no product that is installed.
        .executableTarget(
            name: "probe-trespass", dependencies: ["ProbeAgent", "CSpawn"], swiftSettings: swiftSettings),

        // `make fuzz`.
        .executableTarget(name: "probe-fuzz", dependencies: ["ProbeTesting"], swiftSettings: swiftSettings),

        .testTarget(
            name: "ProbeNativeTests", dependencies: ["ProbeNative", "ProbeTesting"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ProbeProtocolTests", dependencies: ["ProbeProtocol", "ProbeTesting"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ProbeAgentTests",
            dependencies: [
                "ProbeAgent", "ProbeTesting", "probe-agent", "probe-trespass", .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ProbeBackendTests",
            dependencies: [
                "ProbeBackend", "ProbeDashboard", "ProbeMetrics", "ProbeNative", "ProbeTesting", "probe-agent",
                "probe-backend",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            exclude: ["Dashboard/browser.py", "Dashboard/dashboard.py"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ProbeTestingTests", dependencies: ["ProbeTesting", "probe-agent"],
            swiftSettings: swiftSettings),
    ]
)
