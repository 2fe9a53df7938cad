import Foundation

/// nsd, authoritative for probe.test (one of every record type) and two reverse zones:
/// Tests/Peers/zones.
public final class NSDServer: Sendable {
    /// Both transports, 127.0.0.1 and ::1.
    public let port: Int
    private let server: LoopbackServer

    public init() async throws {
        server = try await LoopbackServer.start(ports: 1) { folder, ports in
            let zones = [
                ("probe.test", "probe.test.zone"), ("2.0.192.in-addr.arpa", "reverse4.zone"),
                ("8.b.d.0.1.0.0.2.ip6.arpa", "reverse6.zone"),
            ]
            let entries = zones.map {
                "zone:\n    name: \"\($0.0)\"\n    zonefile: \"\(Places.testFile("Peers/zones/" + $0.1))\"\n"
            }
            let file = try folder.write(Self.configuration(folder, ports[0]) + entries.joined(), to: "nsd.conf")
            return LoopbackServer.Launch(
                executable: "/usr/sbin/nsd", arguments: ["-d", "-c", file], log: folder.file("nsd.log"))
        }
        port = server.ports[0]
    }

    public func stop() async { await server.stop() }

    private static func configuration(_ folder: TemporaryFolder, _ port: Int) -> String {
        """
        server:
            ip-address: 127.0.0.1@\(port)
            ip-address: ::1@\(port)

        """ + settings(folder)
    }

    /// What goes on after the addresses: everything that nsd writes is in `folder`.
    static func settings(_ folder: TemporaryFolder) -> String {
        """
            server-count: 1
            username: ""
            chroot: ""
            database: ""
            pidfile: "\(folder.path)/nsd.pid"
            logfile: "\(folder.path)/nsd.log"
            zonesdir: "\(folder.path)"
            xfrdfile: "\(folder.path)/xfrd.state"
            xfrdir: "\(folder.path)"
            zonelistfile: "\(folder.path)/zone.list"
            cookie-secret-file: "\(folder.path)/cookies"
            # Its default answers 200 queries a second of one kind, and tests ask thousands.
            rrl-ratelimit: 0
            tcp-count: 1000
        remote-control:
            control-enable: no

        """
    }
}

/// unbound, a caching resolver that knows only what `upstream` serves.
public final class UnboundServer: Sendable {
    /// Both transports, 127.0.0.1 and ::1.
    public let port: Int
    private let server: LoopbackServer

    /// - Parameter upstream: the port of a name server on 127.0.0.1, asked for everything.
    public init(upstream: Int) async throws {
        server = try await LoopbackServer.start(ports: 1) { folder, ports in
            let file = try folder.write(Self.configuration(folder, ports[0], upstream), to: "unbound.conf")
            return LoopbackServer.Launch(
                executable: "/usr/sbin/unbound", arguments: ["-d", "-c", file], log: folder.file("unbound.log"))
        }
        port = server.ports[0]
    }

    public func stop() async { await server.stop() }

    private static func configuration(_ folder: TemporaryFolder, _ port: Int, _ upstream: Int) -> String {
        """
        server:
            interface: 127.0.0.1
            interface: ::1
            port: \(port)
            access-control: 127.0.0.0/8 allow
            access-control: ::1 allow
            do-daemonize: no
            username: ""
            chroot: ""
            directory: "\(folder.path)"
            pidfile: ""
            use-syslog: no
            logfile: "\(folder.path)/unbound.log"
            num-threads: 1
            module-config: "iterator"
            do-not-query-localhost: no
            # "test." and the private reverse zones are answered by unbound itself otherwise.
            local-zone: "test." nodefault
            unblock-lan-zones: yes
            insecure-lan-zones: yes
        remote-control:
            control-enable: no
        forward-zone:
            name: "."
            forward-addr: 127.0.0.1@\(upstream)

        """
    }
}

/// unbound with TLS (RFC 7858) and HTTPS (RFC 8484), which knows www.probe.test by itself and asks nobody.
public final class SecureUnboundServer: Sendable {
    public let tlsPort: Int
    public let httpsPort: Int
    private let server: LoopbackServer

    public init(_ certificate: CertificateFiles) async throws {
        server = try await LoopbackServer.start(ports: 2) { folder, ports in
            let file = try folder.write(Self.configuration(folder, ports, certificate), to: "unbound.conf")
            return LoopbackServer.Launch(
                executable: "/usr/sbin/unbound", arguments: ["-d", "-c", file], log: folder.file("unbound.log"))
        }
        (tlsPort, httpsPort) = (server.ports[0], server.ports[1])
    }

    public func stop() async { await server.stop() }

    private static func configuration(
        _ folder: TemporaryFolder, _ ports: [Int], _ certificate: CertificateFiles
    ) -> String {
        """
        server:
            interface: 127.0.0.1@\(ports[0])
            interface: ::1@\(ports[0])
            interface: 127.0.0.1@\(ports[1])
            interface: ::1@\(ports[1])
            tls-port: \(ports[0])
            https-port: \(ports[1])
            tls-service-key: "\(certificate.key)"
            tls-service-pem: "\(certificate.chain)"
            access-control: 127.0.0.0/8 allow
            access-control: ::1 allow
            do-daemonize: no
            username: ""
            chroot: ""
            directory: "\(folder.path)"
            pidfile: ""
            use-syslog: no
            logfile: "\(folder.path)/unbound.log"
            num-threads: 1
            module-config: "iterator"
            local-zone: "probe.test." static
            local-data: "www.probe.test. 60 IN A 192.0.2.80"
            local-data: 'www.probe.test. 60 IN TXT "over TLS"'
        remote-control:
            control-enable: no

        """
    }
}
