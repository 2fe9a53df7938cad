/// Reads lines and blocks from a stream, and keeps what came beyond them. Bounded: a peer that sends without end costs
/// no more than what was asked for and one read.
public struct StreamReader {
    /// Replaced by the TLS stream over it after STARTTLS (then `pending` must be empty: what came in plain text before
    /// the handshake is nothing that the peer said under TLS).
    public var stream: any ByteStream
    /// What was read and not taken yet.
    public private(set) var pending: [UInt8] = []
    private let stage: Stage
    private let timeout: ErrorCode
    private static let block = 16 << 10

    /// - Parameters:
    ///   - stage: at which failures are reported.
    ///   - timeout: the code of a wait that its deadline ended.
    public init(_ stream: any ByteStream, stage: Stage = .response, timeout: ErrorCode = .connectionTimeout) {
        self.stream = stream
        self.stage = stage
        self.timeout = timeout
    }

    /// The next line without its LF or CRLF. Nil when the peer ended the stream and nothing is left; a last line
    /// without an end counts as one.
    /// - Throws: `protocol_error` for a line longer than `limit` bytes; what `ByteStream.read` throws.
    public mutating func line(atMost limit: Int = 4096, until deadline: Instant) async throws(ProbeFailure) -> [UInt8]?
    {
        var searched = 0
        while true {
            if let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")), end <= limit {
                let line = pending[..<end]
                defer { pending.removeFirst(end + 1) }
                return Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
            }
            searched = pending.count
            guard searched <= limit else {
                throw ProbeFailure(stage, .protocolError, "The peer sent a line of more than \(limit) bytes.")
            }
            guard try await fill(until: deadline) else {
                guard !pending.isEmpty else { return nil }
                defer { pending = [] }
                return pending
            }
        }
    }

    /// The bytes up to the next `end`, and it. Nil when the peer ended the stream before.
    /// - Throws: `protocol_error` for more than `limit` bytes; what `ByteStream.read` throws.
    public mutating func through(
        _ end: UInt8, atMost limit: Int, until deadline: Instant
    ) async throws(ProbeFailure) -> [UInt8]? {
        var searched = 0
        while true {
            if let index = pending[searched...].firstIndex(of: end), index < limit {
                defer { pending.removeFirst(index + 1) }
                return Array(pending[...index])
            }
            searched = pending.count
            guard searched < limit else {
                throw ProbeFailure(stage, .protocolError, "The peer sent more than \(limit) bytes without an end.")
            }
            guard try await fill(until: deadline) else { return nil }
        }
    }

    /// Exactly `count` bytes.
    /// - Throws: `truncated` when the peer ended the stream before; what `ByteStream.read` throws.
    public mutating func exactly(_ count: Int, until deadline: Instant) async throws(ProbeFailure) -> [UInt8] {
        while pending.count < count {
            guard try await fill(until: deadline) else {
                throw ProbeFailure(stage, .truncated, "The peer ended the connection in the middle of an answer.")
            }
        }
        defer { pending.removeFirst(count) }
        return Array(pending.prefix(count))
    }

    /// What there is, at least one byte; empty at the end of the stream.
    public mutating func some(until deadline: Instant) async throws(ProbeFailure) -> [UInt8] {
        if pending.isEmpty { _ = try await fill(until: deadline) }
        defer { pending = [] }
        return pending
    }

    /// Everything up to the end of the stream, or the first `limit` bytes; `isComplete` tells which.
    public mutating func rest(
        atMost limit: Int, until deadline: Instant
    ) async throws(ProbeFailure) -> (bytes: [UInt8], isComplete: Bool) {
        while pending.count <= limit {
            guard try await fill(until: deadline) else {
                defer { pending = [] }
                return (pending, true)
            }
        }
        defer { pending = [] }
        return (Array(pending.prefix(limit)), false)
    }

    /// False at the end of the stream.
    private mutating func fill(until deadline: Instant) async throws(ProbeFailure) -> Bool {
        let bytes = try await stream.read(atMost: Self.block, until: deadline, stage: stage, timeout: timeout)
        pending += bytes
        return !bytes.isEmpty
    }
}
