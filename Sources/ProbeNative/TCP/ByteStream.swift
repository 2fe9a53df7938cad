/// A connected stream of bytes: a TCP socket, or TLS over one. What speaks a protocol on top (STARTTLS, whois, WebSocket,
/// DNS over TCP and TLS) is written once, against this. Confined to its reactor; closed when it ends.
public protocol ByteStream: AnyObject {
    /// The bytes that are there, at least one and at most `limit`; empty when the peer ended the stream.
    /// - Throws: `timeout` (by `code`) at `deadline`, `cancelled` with the task, the connection's own error at `stage`.
    func read(
        atMost limit: Int, until deadline: Instant, stage: Stage, timeout code: ErrorCode
    ) async throws(ProbeFailure) -> [UInt8]

    /// Sends everything.
    /// - Throws: as `read`.
    func write(
        _ bytes: [UInt8], until deadline: Instant, stage: Stage, timeout code: ErrorCode
    ) async throws(ProbeFailure)

    /// The close that follows sends RST instead of FIN: a measured connection leaves no TIME_WAIT.
    func closeWithReset()
}

extension Socket: ByteStream {
    public func read(
        atMost limit: Int, until deadline: Instant, stage: Stage, timeout code: ErrorCode
    ) async throws(ProbeFailure) -> [UInt8] {
        try await receive(atMost: limit, until: deadline, stage: stage, timeout: code)
    }

    public func write(
        _ bytes: [UInt8], until deadline: Instant, stage: Stage, timeout code: ErrorCode
    ) async throws(ProbeFailure) {
        try await send(bytes, until: deadline, stage: stage, timeout: code)
    }
}
