/// TLS over a connected stream, as its client. Confined to its reactor. One reader and one writer at a time, which may
/// be different tasks.
///
/// OpenSSL never sees the socket: so TLS runs over any stream (after STARTTLS, through a proxy), the waits and the errors
/// are those of the stream, what a peer can make us hold is one read, and no write raises SIGPIPE as OpenSSL's own socket
/// BIO can.
public final class TLSStream: ByteStream {
    /// Bytes taken from the stream below at a time: a whole record of TLS (16 KiB and its frame) in two reads.
    private static let block = 16 << 10

    private let below: any ByteStream
    private let connection: TLSConnection
    private let peer: String
    private let time: any TimeSource
    private var isFlushing = false
    private var fills = 0
    private let span: Span?

    /// From the first byte sent to the last one needed, without the verification.
    public private(set) var handshakeDuration: Duration?
    /// Nil until the handshake is done.
    public var session: TLSSession? { connection.session }
    /// As the server sent them, its own first, at most 32; also where the handshake failed after they came.
    public var peerCertificates: [CertificateSummary] { connection.peerCertificates }
    /// Nil when the handshake failed before the server showed a certificate.
    public var verdict: CertificateVerdict? { connection.verdict }
    /// The DER of the OCSP response that the server stapled.
    public var staple: [UInt8]? { connection.staple }
    /// The server wants the client to show a certificate. With TLS 1.3 it refuses only after the handshake.
    public var asksForCertificate: Bool { connection.asksForCertificate }
    /// The peer's stream ended without TLS's own goodbye: what came last may be missing.
    public var isTruncated: Bool { connection.isTruncated }

    /// - Parameters:
    ///   - stream: connected; nothing else may use it from here on.
    ///   - host: whom the certificate must name unless `options.serverName` says otherwise.
    ///   - peer: how sentences call the other side.
    /// - Throws: `local_resource_exhausted`, and `unsupported` for versions that this OpenSSL lacks.
    init(
        over stream: any ByteStream, to host: Host, _ options: TLSOptions, trust: TrustStore, peer: String,
        time: any TimeSource, for span: Span? = nil
    ) throws(ProbeFailure) {
        (below, self.peer, self.time, self.span) = (stream, peer, time, span)
        connection = try TLSConnection(to: host, options, trust: trust, peer: peer, time: time)
    }

    /// - Throws: `tls_*`, `connection_reset`, `unsupported`; `timeout` (by `code`) at `deadline` and `cancelled`, all at
    ///   stage `tls`. In measuring mode a bad certificate is no failure: see `verdict`.
    func handshake(
        until deadline: Instant, timeout code: ErrorCode = .deadlineExceeded
    ) async throws(ProbeFailure) {
        let started = time.now
        let whole = span?.begin(.tls, "handshake with \(peer)", at: started)
        do throws(ProbeFailure) {
            while true {
                let step = connection.handshake()
                if case .needsBytes = step {
                    try await flush(until: deadline, .tls, code)
                    try await fill(until: deadline, .tls, code)
                    continue
                }
                if case .done = step { handshakeDuration = time.now - started - (verdict?.duration ?? .zero) }
                connection.examine()
                if case .failed(let failure) = step {
                    // The alert that tells the peer why; it is over whether it gets through or not.
                    try? await flush(until: deadline, .tls, code)
                    throw failure
                }
                try await flush(until: deadline, .tls, code)
                if let whole { record(in: whole) }
                return
            }
        } catch {
            if let whole { record(in: whole) }
            whole?.fail(error)
            guard error.code == .connectionReset else { throw error }
            throw ProbeFailure(.tls, .connectionReset, "\(peer) reset the connection during the TLS handshake.")
        }
    }

    private func record(in step: Span) {
        verdict?.record(in: step)
        if let session { step.end("\(session.version), \(session.cipher ?? "?")") }
    }

    // MARK: Data

    public func read(
        atMost limit: Int, until deadline: Instant, stage: Stage, timeout code: ErrorCode
    ) async throws(ProbeFailure) -> [UInt8] {
        while true {
            switch connection.read(atMost: limit) {
            case .success(let bytes?): return bytes
            case .success(nil):
                try await flush(until: deadline, stage, code)
                try await fill(until: deadline, stage, code)
            case .failure(let failure):
                try? await flush(until: deadline, stage, code)
                throw ProbeFailure(stage, failure.code, failure.detail)
            }
        }
    }

    public func write(
        _ bytes: [UInt8], until deadline: Instant, stage: Stage, timeout code: ErrorCode
    ) async throws(ProbeFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.block)
            rest = rest.dropFirst(part.count)
            do throws(ProbeFailure) { try connection.write(part) } catch {
                throw ProbeFailure(stage, error.code, error.detail)
            }
            try await flush(until: deadline, stage, code)
        }
    }

    /// Tells the peer that no more will be sent (close_notify); waits for no answer.
    public func finish(until deadline: Instant, stage: Stage = .request) async {
        connection.sayGoodbye()
        try? await flush(until: deadline, stage, .connectionTimeout)
    }

    public func closeWithReset() { below.closeWithReset() }

    // MARK: The stream below

    /// Sends what OpenSSL has to say. Bytes that appear while another task is at it go out with that one's.
    private func flush(until deadline: Instant, _ stage: Stage, _ code: ErrorCode) async throws(ProbeFailure) {
        guard !isFlushing else { return }
        isFlushing = true
        defer { isFlushing = false }
        while let bytes = connection.takeOutgoing() {
            try await below.write(bytes, until: deadline, stage: stage, timeout: code)
        }
    }

    /// Gives OpenSSL what the peer sent, or word of the stream's end.
    private func fill(until deadline: Instant, _ stage: Stage, _ code: ErrorCode) async throws(ProbeFailure) {
        fills &+= 1
        if fills % 16 == 0 {
            // A read of what is there already does not suspend: a peer that floods us with records that mean nothing
            // must not outlast the deadline or keep the reactor from others.
            await Task.yield()
            if Task.isCancelled { throw .cancelled(stage) }
            if time.now >= deadline { throw ProbeFailure(stage, code, "No answer came in time.") }
        }
        try connection.feed(try await below.read(atMost: Self.block, until: deadline, stage: stage, timeout: code))
    }
}

extension TLSStream {
    /// A TLS connection over `stream`, its handshake done: what a protocol over TLS begins with.
    /// - Parameters:
    ///   - stream: connected; nothing that the peer sent may be left unread above it.
    ///   - host: whom the certificate must name; sent as SNI where it is a name.
    ///   - peer: how sentences call the other side; nil: as `host`.
    /// - Throws: as `handshake`; `local_resource_exhausted`.
    public static func connect(
        over stream: any ByteStream, to host: Host, _ options: TLSOptions = TLSOptions(), peer: String? = nil,
        on reactor: Reactor, until deadline: Instant, timeout code: ErrorCode = .deadlineExceeded,
        for span: Span? = nil
    ) async throws(ProbeFailure) -> TLSStream {
        let tls = try await make(over: stream, to: host, options, peer: peer, on: reactor, until: deadline, for: span)
        try await tls.handshake(until: deadline, timeout: code)
        return tls
    }

    /// The same with the handshake still to be made, for who wants the facts of one that fails.
    static func make(
        over stream: any ByteStream, to host: Host, _ options: TLSOptions, peer: String? = nil,
        on reactor: Reactor, until deadline: Instant, for span: Span? = nil
    ) async throws(ProbeFailure) -> TLSStream {
        let trust: TrustStore
        if let given = options.trust {
            trust = given
        } else {
            trust = try await reactor.local(SystemTrust.self).store(until: deadline, for: span)
        }
        return try TLSStream(
            over: stream, to: host, options, trust: trust, peer: peer ?? "\(host)", time: reactor.time, for: span)
    }
}
