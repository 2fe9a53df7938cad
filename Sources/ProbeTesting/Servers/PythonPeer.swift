/// A misbehaving server of Tests/Peers, run by Debian's Python. The head of each script lists what
/// it can do.
public final class PythonPeer: Sendable {
    /// JSON objects with a member `event`, in the order in which the peer told them.
    public let events = EventLog<JSONValue>()
    private let ports: JSONValue
    private let process: ChildProcess

    /// DNS over UDP and TCP on port `port("port")` (dns_peer.py).
    public static func dns() async throws -> PythonPeer { try await PythonPeer(script: "dns_peer.py") }

    /// The same, also over TLS and HTTPS on ports `tls` and `https`.
    public static func dns(secureBy certificate: CertificateFiles) async throws -> PythonPeer {
        try await PythonPeer(script: "dns_peer.py", [certificate.chain, certificate.key])
    }

    /// Ports `http`, `silent` and `backlog` (http_peer.py).
    public static func http() async throws -> PythonPeer { try await PythonPeer(script: "http_peer.py") }

    /// A port for each behaviour, named as in starttls_peer.py; TLS with `certificate`.
    public static func startTLS(_ certificate: CertificateFiles) async throws -> PythonPeer {
        try await PythonPeer(script: "starttls_peer.py", [certificate.chain, certificate.key])
    }

    /// The ports of tcp_peer.py by their names; TLS where there is a certificate.
    public static func tcp(_ certificate: CertificateFiles? = nil) async throws -> PythonPeer {
        try await PythonPeer(script: "tcp_peer.py", certificate.map { [$0.chain, $0.key] } ?? [])
    }

    /// Ports `hop0` to `hop6` (whois), `rdap`, and `closed` where nobody listens (whois_peer.py).
    public static func whois() async throws -> PythonPeer { try await PythonPeer(script: "whois_peer.py") }

    /// One UDP port for each way in which a time server can be right or wrong (ntp_peer.py).
    public static func ntp() async throws -> PythonPeer { try await PythonPeer(script: "ntp_peer.py") }

    /// Ports `good`, `secure` (with the certificate) and `bad` (ws_peer.py).
    public static func webSocket(tls certificate: CertificateFiles? = nil) async throws -> PythonPeer {
        try await PythonPeer(script: "ws_peer.py", certificate.map { [$0.chain, $0.key] } ?? [])
    }

    /// Proxies of every kind, also broken ones, by the names at the head of proxy_peer.py.
    /// - Parameter certificate: of the one that is spoken to over TLS.
    public static func proxies(certificate: CertificateFiles) async throws -> PythonPeer {
        try await PythonPeer(script: "proxy_peer.py", [certificate.chain, certificate.key])
    }

    /// A backend that only registers nodes, in ways named as in registration_peer.py; over TLS where there is a certificate.
    public static func registration(_ certificate: CertificateFiles? = nil) async throws -> PythonPeer {
        try await PythonPeer(script: "registration_peer.py", certificate.map { [$0.chain, $0.key] } ?? [])
    }

    /// A web server on `port("port")` that reports each request (chaos_target.py), by request in a lab's `near`.
    public static func chaosTarget(in lab: NetworkLab? = nil) async throws -> PythonPeer {
        try await PythonPeer(script: "chaos_target.py", in: lab)
    }

    private init(script: String, _ arguments: [String] = [], in lab: NetworkLab? = nil) async throws {
        let command = ["/usr/bin/python3", Places.testFile("Peers/" + script)] + arguments
        process = try ChildProcess.start(lab?.command(command) ?? command)
        do {
            ports = try JSONValue(parsing: try await process.output.next("listening"))
        } catch {
            await process.stop()
            throw LoopbackServer.NotReady(
                description: "\(script): \(error)\n\(process.errors.pending.joined(separator: "\n"))")
        }
        Task { [events, process] in
            while let line = try? await process.output.next(within: .seconds(86_400)) {
                if let event = try? JSONValue(parsing: line) { events.append(event) }
            }
            events.finish()
        }
    }

    /// A port by its name in the `listening` event; 0 where there is none of that name.
    public func port(_ name: String = "port") -> Int { ports[name]?.int ?? 0 }

    /// `http://127.0.0.1:PORT` and the path, which begins with a slash.
    public func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port("http"))\(path)" }

    public func stop() async { await process.stop(signal: 9) }
}
