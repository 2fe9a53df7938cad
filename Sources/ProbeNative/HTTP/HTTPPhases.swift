/// Where the time of a request went. The phases follow each other and add up to `total`; one that was not reached is
/// nil, one that was cut has the time until the cut.
public struct HTTPPhases: Sendable, Hashable {
    public var dns: Duration?
    /// The TCP handshake.
    public var connect: Duration?
    /// Until the proxy has made the way free: its TLS, its authentication, its own connecting. Nil without a proxy.
    public var proxy: Duration?
    /// The TLS handshake without `verify`.
    public var tls: Duration?
    /// Checking the server's certificates, on this node's own time.
    public var verify: Duration?
    /// From a ready connection until the request was handed to the kernel.
    public var send: Duration?
    /// Until the first byte of the answer.
    public var wait: Duration?
    /// Until the last byte of the answer.
    public var transfer: Duration?

    public init() {}

    public var total: Duration {
        let first = (dns ?? .zero) + (connect ?? .zero) + (proxy ?? .zero) + (tls ?? .zero)
        return first + (verify ?? .zero) + (send ?? .zero) + (wait ?? .zero) + (transfer ?? .zero)
    }

    /// Phase by phase: those of several hops together.
    static func + (a: HTTPPhases, b: HTTPPhases) -> HTTPPhases {
        func sum(_ a: Duration?, _ b: Duration?) -> Duration? { b.map { $0 + (a ?? .zero) } ?? a }
        var both = HTTPPhases()
        both.dns = sum(a.dns, b.dns)
        both.connect = sum(a.connect, b.connect)
        both.proxy = sum(a.proxy, b.proxy)
        both.tls = sum(a.tls, b.tls)
        both.verify = sum(a.verify, b.verify)
        both.send = sum(a.send, b.send)
        both.wait = sum(a.wait, b.wait)
        both.transfer = sum(a.transfer, b.transfer)
        return both
    }

    func write(to writer: inout some ReportWriter) {
        writer.object("phases") { writer in
            writer.field("dns_ms", dns)
            writer.field("connect_ms", connect)
            if let proxy { writer.field("proxy_ms", proxy) }
            writer.field("tls_ms", tls)
            writer.field("verify_ms", verify)
            writer.field("send_ms", send)
            writer.field("wait_ms", wait)
            writer.field("transfer_ms", transfer)
            writer.field("total_ms", total)
        }
    }
}

/// The instants of one transfer, stamped on the I/O thread in libcurl's callbacks.
struct TransferStamps {
    var started: Instant
    /// TCP is up.
    var connected: Instant?
    /// Something to read was waited for, for the first time.
    var listening: Instant?
    /// The proxy has made the way free; nil without one.
    var tunnelled: Instant?
    /// The connection is ready for the request: after TLS where there is any.
    var ready: Instant?
    var sent: Instant?
    var firstByte: Instant?
    var ended: Instant?

    func phases(isSecure: Bool, usesProxy: Bool, verify: Duration?) -> HTTPPhases {
        var phases = HTTPPhases()
        let end = ended ?? started
        let connected = connected ?? tunnelled ?? ready
        phases.connect = (connected ?? end) - started
        if let connected, usesProxy { phases.proxy = (tunnelled ?? end) - connected }
        if isSecure, let connected = usesProxy ? tunnelled : connected {
            phases.verify = verify
            phases.tls = max(.zero, (ready ?? end) - connected - (verify ?? .zero))
        }
        guard let ready else { return phases }
        phases.send = (sent ?? firstByte ?? end) - ready
        if let sent { phases.wait = (firstByte ?? end) - sent }
        if let firstByte { phases.transfer = end - firstByte }
        return phases
    }
}
