import Foundation

/// A private DNS tree, signed: root, `test.` and zones below it that are right or wrong in one way each
/// (Tests/Peers/signed-zones.sh). Each of the three levels has an nsd of its own, on one port of three loopback
/// addresses, since delegations name no port; resolvers are in front of them.
public final class SignedTree: Sendable {
    /// Where the root's server is; `test.` is at 127.1.0.2, the zones below it at 127.1.0.3.
    public static let rootAddress = "127.1.0.1"
    /// Of all three servers.
    public let port: Int
    private let servers: [LoopbackServer]

    public init() async throws {
        let zones = try await SignedZones.shared()
        let root = try await Self.nsd("root", "127.1.0.1", ["root"], zones)
        port = root.ports[0]
        servers = [
            root, try await Self.nsd("test", "127.1.0.2", ["test"], zones, port: port),
            try await Self.nsd("leaf", "127.1.0.3", SignedZones.leaves, zones, port: port),
        ]
    }

    public func stop() async { for server in servers { await server.stop() } }

    /// Also on a port of 127.0.0.1, where it is waited for.
    private static func nsd(
        _ name: String, _ address: String, _ names: [String], _ zones: SignedZones, port: Int? = nil
    ) async throws -> LoopbackServer {
        try await LoopbackServer.start(ports: 1) { folder, ports in
            let entries = names.map { zone in
                "zone:\n    name: \"\(SignedZones.zone(zone))\"\n    zonefile: \"\(zones.file(zone))\"\n"
            }
            let addresses = """
                server:
                    ip-address: \(address)@\(port ?? ports[0])
                    ip-address: 127.0.0.1@\(ports[0])
                    ip-address: ::1@\(ports[0])
                    nsid: "ascii_\(name)"

                """
            let file = try folder.write(addresses + NSDServer.settings(folder) + entries.joined(), to: "nsd.conf")
            return LoopbackServer.Launch(
                executable: "/usr/sbin/nsd", arguments: ["-d", "-c", file], log: folder.file("nsd.log"))
        }
    }

    /// A resolver for the tree on 127.0.0.1, its port in `ports[0]`: one that hands out what it gets, or one that
    /// validates by itself; over TLS on `ports[1]` where it has a certificate.
    public func resolver(
        validates: Bool, certificate: CertificateFiles? = nil
    ) async throws -> LoopbackServer {
        let zones = try await SignedZones.shared()
        let stubs =
            [(".", "127.1.0.1"), ("test.", "127.1.0.2")]
            + SignedZones.leaves.map { (SignedZones.zone($0) + ".", "127.1.0.3") }
        let entries = stubs.map { "stub-zone:\n    name: \"\($0.0)\"\n    stub-addr: \($0.1)@\(port)\n" }
        return try await LoopbackServer.start(ports: certificate == nil ? 1 : 2) { folder, ports in
            let security = certificate.map { files in
                """
                    interface: 127.0.0.1@\(ports[1])
                    tls-port: \(ports[1])
                    tls-service-key: "\(files.key)"
                    tls-service-pem: "\(files.chain)"

                """
            }
            let settings = """
                server:
                    interface: 127.0.0.1@\(ports[0])
                \(security ?? "")
                    access-control: 127.0.0.0/8 allow
                    do-daemonize: no
                    username: ""
                    chroot: ""
                    directory: "\(folder.path)"
                    pidfile: ""
                    use-syslog: no
                    logfile: "\(folder.path)/unbound.log"
                    num-threads: 1
                    ede: yes
                    module-config: "\(validates ? "validator " : "")iterator"
                    trust-anchor-file: "\(zones.anchorFile)"
                    do-not-query-localhost: no
                    local-zone: "test." nodefault
                remote-control:
                    control-enable: no

                """
            let file = try folder.write(settings + entries.joined(), to: "unbound.conf")
            return LoopbackServer.Launch(
                executable: "/usr/sbin/unbound", arguments: ["-d", "-c", file], log: folder.file("unbound.log"))
        }
    }
}

/// The zone files of the tree, signed once a test run.
public struct SignedZones: Sendable {
    private let folder: String

    /// Below `test.`, by the name of their files.
    static let leaves = [
        "secure", "sub.secure", "hashed", "optout", "child.optout", "edwards", "costly", "unsigned", "island",
        "unknown",
        "expired", "future", "stripped", "wrongkey", "nosig", "altered", "damaged",
    ]

    static func zone(_ name: String) -> String {
        switch name {
        case "root": "."
        case "test": "test"
        default: name + ".test"
        }
    }

    public static func shared() async throws -> SignedZones { try await made.value }

    private static let made = Task {
        let folder = try TemporaryFolder("probe-zones")
        try await Oracle.check("bash", [Places.testFile("Peers/signed-zones.sh"), folder.path])
        RunFolders.keep(folder)
        return SignedZones(folder: folder.path)
    }

    func file(_ name: String) -> String { "\(folder)/\(name).zone" }

    /// The root's key as a DS record, a file.
    public var anchorFile: String { "\(folder)/anchor.ds" }
    /// The same as text, and as a DNSKEY record.
    public var anchor: String { get throws { try String(contentsOfFile: anchorFile, encoding: .utf8) } }
    public var anchorKey: String { get throws { try String(contentsOfFile: "\(folder)/anchor.key", encoding: .utf8) } }
}
