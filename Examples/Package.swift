// swift-tools-version: 6.2
import PackageDescription

// A package of its own that depends on this project as anybody's would: by its products. Outside of this repository the
// dependency is `.package(url: ..., from: ...)`.
let package = Package(
    name: "probeops-examples",
    dependencies: [
        .package(name: "probeops", path: ".."),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "ping-hosts", dependencies: [.product(name: "ProbeNative", package: "probeops")]),
        .executableTarget(
            name: "custom-tool",
            dependencies: [
                .product(name: "ProbeAgent", package: "probeops"),
                .product(name: "ProbeNative", package: "probeops"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .executableTarget(
            name: "agent-in-service",
            dependencies: [
                .product(name: "ProbeAgent", package: "probeops"),
                .product(name: "ProbeNative", package: "probeops"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
    ]
)
