/// Holds the dialog that comes before TLS on a stream, within limits.
struct StartTLS {
    /// A line of the longest-winded of these protocols is 1,000 bytes (RFC 5321 section 4.5.3.1.6 has 512).
    private static let longestPiece = 8192
    /// A server that talks on and on before TLS does not mean it.
    private static let mostPieces = 200
    private static let mostBytes = 64 << 10

    let proto: StartTLSProtocol
    let peer: String
    private(set) var dialog: any StartTLSDialog

    init(_ proto: StartTLSProtocol, to host: Host, from local: IPAddress?, peer: String) {
        self.proto = proto
        self.peer = peer
        dialog = proto.dialog(to: host, from: local)
    }

    /// Returns when TLS is to begin on `stream`.
    /// - Throws: at stage `tls`: `tls_handshake_failed` when the server has no TLS or refuses; `protocol_error` when it
    ///   speaks something else, too much, or has sent on in plain text; `connection_reset` or `truncated` when it went
    ///   away; `deadline_exceeded`, `cancelled`.
    mutating func run(over stream: any ByteStream, until deadline: Instant) async throws(ProbeFailure) {
        var reader = StreamReader(stream, stage: .tls, timeout: .deadlineExceeded)
        try await say(dialog.opening, over: stream, until: deadline)
        var bytes = 0
        for _ in 0..<Self.mostPieces {
            guard let piece = try await next(&reader, until: deadline) else { throw gone }
            bytes += piece.count
            guard bytes <= Self.mostBytes else { break }
            switch dialog.receive(piece) {
            case .more: continue
            case .send(let words): try await say(words, over: stream, until: deadline)
            case .refused(let reason):
                throw ProbeFailure(
                    .tls, .tlsHandshakeFailed,
                    "\(peer) does not begin TLS in \(proto.rawValue): \(reason.quotedForMessage).")
            case .foreign:
                throw ProbeFailure(.tls, .protocolError, "\(peer) does not speak \(proto.rawValue).")
            case .begin(let words):
                // What stands after the last word in plain text may be anybody's: it must not be taken for what the
                // server says under TLS (CVE-2011-0411 and its kin).
                guard reader.pending.isEmpty else {
                    throw ProbeFailure(
                        .tls, .protocolError,
                        "\(peer) went on in plain text where TLS was to begin: somebody may "
                            + "have put data into the connection.")
                }
                return try await say(words, over: stream, until: deadline)
            }
        }
        throw ProbeFailure(.tls, .protocolError, "\(peer) talks without end before TLS begins.")
    }

    private var gone: ProbeFailure {
        ProbeFailure(.tls, .connectionReset, "\(peer) closed the connection before TLS began.")
    }

    private func next(
        _ reader: inout StreamReader, until deadline: Instant
    ) async throws(ProbeFailure) -> [UInt8]? {
        switch dialog.expects {
        case .line: return try await reader.line(atMost: Self.longestPiece, until: deadline)
        case .through(let end): return try await reader.through(end, atMost: Self.longestPiece, until: deadline)
        case .bytes(let count):
            do throws(ProbeFailure) { return try await reader.exactly(count, until: deadline) } catch {
                if error.code == .truncated, reader.pending.isEmpty { return nil }
                throw error
            }
        }
    }

    private func say(
        _ words: [UInt8], over stream: any ByteStream, until deadline: Instant
    ) async throws(ProbeFailure) {
        guard !words.isEmpty else { return }
        try await stream.write(words, until: deadline, stage: .tls, timeout: .deadlineExceeded)
    }
}
