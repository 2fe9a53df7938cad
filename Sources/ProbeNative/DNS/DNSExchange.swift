public enum DNSTransport: String, Sendable, Hashable, CaseIterable {
    case udp, tcp
    /// RFC 7858.
    case tls
    /// RFC 8484.
    case https

    var defaultPort: UInt16 {
        switch self {
        case .udp, .tcp: 53
        case .tls: 853
        case .https: 443
        }
    }
}

/// A name server, and as what the gate is asked for it.
struct DNSServer: Sendable {
    var address: SocketAddress
    var request: PolicyRequest
    var source: Gate.Source?
    /// For the encrypted transports.
    var security: DNSSecurity?
}

/// A decoded response and how it came.
struct DNSReply: Sendable {
    var answer: DNSAnswer
    /// Bytes of the message.
    var size: Int
    /// From the sending that it answers to its arrival; a TCP handshake is not part of it.
    var duration: Duration
    /// The message itself, where the exchange was told to keep it.
    var wire: [UInt8]?
}

extension DNSReply {
    /// For people.
    var summary: String {
        let count = answer.records.count { $0.section == .answer }
        let records = count == 1 ? "1 record" : "\(count) records"
        return "\(answer.responseCode), \(records), \(size) bytes" + (answer.flags.truncated ? ", truncated" : "")
    }
}

/// What an exchange went through, whether or not it succeeded.
struct DNSTally: Sendable {
    /// Queries sent, over either transport.
    var attempts = 0
    /// Messages that were no answer to the query: a wrong id, another question.
    var ignored = 0
    var transport = DNSTransport.udp
    var connectTime: Duration?
    var tlsTime: Duration?
    /// What UDP brought, where TCP had to be asked for the whole.
    var truncated: DNSReply?
}

/// One question to one server: a connected UDP socket, retries, TCP where the answer does not fit. Confined to its
/// reactor; runs in its caller's task.
final class DNSExchange {
    let reactor: Reactor
    let gate: Gate
    let workspace: DNSWorkspace
    let server: DNSServer
    /// Queries over one transport, the first one included.
    let attempts: Int
    /// How long each waits for its answer.
    let patience: Duration
    /// The job's; `deadline_exceeded` when it cuts a wait short.
    let deadline: Instant
    /// Replies carry the message itself.
    var keepsWire = false
    var tally = DNSTally()
    /// What its queries are a part of, and the last one.
    let span: Span?
    private var sending: Span?

    init(
        _ reactor: Reactor, _ server: DNSServer, attempts: Int, patience: Duration, deadline: Instant,
        for span: Span? = nil
    ) {
        self.span = span
        self.reactor = reactor
        gate = reactor.local(Gate.self)
        workspace = reactor.local(DNSWorkspace.self)
        self.server = server
        self.attempts = max(1, attempts)
        self.patience = patience
        self.deadline = deadline
    }

    /// - Throws: `resolve_timeout` when nothing answered; `truncated` when UDP's answer was cut and TCP failed;
    ///   `protocol_error` or `truncated` for what cannot be decoded; the connection's own failure; `deadline_exceeded`
    ///   and `cancelled`.
    func run(_ query: inout DNSQuery, over transport: DNSTransport) async throws(ProbeFailure) -> DNSReply {
        switch transport {
        case .udp: break
        case .tcp, .tls: return try await runStream(&query, transport)
        case .https: return try await runHTTPS(&query)
        }
        let reply: DNSReply
        do throws(ProbeFailure) { reply = try await runUDP(&query) } catch {
            sending?.fail(error)
            throw error
        }
        guard reply.answer.flags.truncated else { return reply }
        tally.truncated = reply
        do throws(ProbeFailure) {
            return try await runStream(&query, .tcp)
        } catch {
            if [.cancelled, .deadlineExceeded, .policyDenied, .localResourceExhausted].contains(error.code) {
                throw error
            }
            throw ProbeFailure(
                error.stage, .truncated, "The answer did not fit into UDP, and over TCP: \(error.detail)")
        }
    }

    // MARK: UDP

    private func runUDP(_ query: inout DNSQuery) async throws(ProbeFailure) -> DNSReply {
        tally.transport = .udp
        let socket = try await gate.connect(
            .udp, to: server.address, as: server.request, source: server.source, until: deadline, for: span)
        // Nothing can be there yet.
        socket.sawReadBlock()
        var sent: [(id: UInt16, at: Instant)] = []
        for _ in 0..<attempts {
            try send(&query, socket, &sent)
            if let reply = try await receiveUDP(&query, socket, &sent) { return reply }
            sending?.end("no answer", isFailed: true)
        }
        throw silence()
    }

    /// Each sending has an id of its own, so that a late answer is credited to the query that it answers.
    private func send(
        _ query: inout DNSQuery, _ socket: Socket, _ sent: inout [(id: UInt16, at: Instant)]
    ) throws(ProbeFailure) {
        query.id = workspace.randomID()
        let now = reactor.now
        sent.append((query.id, now))
        if let span { sending = span.begin(.query, name(query, over: .udp), at: now) }
        tally.attempts += 1
        let result: Result<Int?, Errno> = query.wire.withUnsafeBytes { bytes in
            do throws(Errno) { return .success(try socket.trySend(bytes)) } catch { return .failure(error) }
        }
        switch result {
        case .success(.some): return
        case .success(nil):
            throw ProbeFailure(
                .request, .localResourceExhausted, "The node's send buffer to \(server.address) is full.")
        case .failure(let error): throw error.failure(.request, "asking \(server.address)")
        }
    }

    /// The answer to any of the queries `sent`; nil when none came before the last one's patience ran out.
    private func receiveUDP(
        _ query: inout DNSQuery, _ socket: Socket, _ sent: inout [(id: UInt16, at: Instant)]
    ) async throws(ProbeFailure) -> DNSReply? {
        // From the sending on: a reactor that is late must not wait longer.
        let end = min(deadline, (sent.last?.at ?? reactor.now) + patience)
        while true {
            switch await socket.readable(until: end) {
            case .ready: break
            case .cancelled: throw .cancelled(.response)
            case .timeout:
                if end == deadline { throw .deadline(.response) }
                return nil
            }
            guard let message = try receive(socket) else { continue }
            let now = reactor.now
            switch query.match(message, ids: sent.lazy.map(\.id)) {
            case .answer:
                let id = UInt16(message[0]) << 8 | UInt16(message[1])
                let start = sent.first { $0.id == id }?.at ?? now
                let reply = try reply(message, took: now - start)
                sending?.end(reply.summary, at: now)
                return reply
            case .caseChanged:
                // A server that does not repeat the case. Guessing the id is as hard without it.
                sending?.end("an answer in another case, asked again")
                query.lowerCase()
                try send(&query, socket, &sent)
            case .other:
                tally.ignored += 1
                if now >= end { return nil }
                // A flood of strangers must not keep the reactor from others.
                if tally.ignored % 32 == 0 { await Task.yield() }
            }
        }
    }

    /// How a query is called in a record.
    func name(_ query: DNSQuery, over transport: DNSTransport) -> String {
        "\(query.question) to \(server.address) over \(transport.rawValue)"
    }

    func reply(_ message: UnsafeRawBufferPointer, took duration: Duration) throws(ProbeFailure) -> DNSReply {
        DNSReply(
            answer: try workspace.decode(message).get(), size: message.count, duration: duration,
            wire: keepsWire ? Array(message) : nil)
    }

    /// One datagram, in the workspace's buffer: valid until the next suspension.
    private func receive(_ socket: Socket) throws(ProbeFailure) -> UnsafeRawBufferPointer? {
        let buffer = workspace.buffer
        do throws(Errno) {
            guard let count = try socket.tryReceive(into: buffer) else { return nil }
            return UnsafeRawBufferPointer(rebasing: buffer[..<count])
        } catch {
            // A UDP socket learns by ICMP that nobody listens.
            throw error.failure(.connect, "asking \(server.address)")
        }
    }

    // MARK: Failures

    func silence() -> ProbeFailure {
        let times = tally.attempts == 1 ? "1 query" : "\(tally.attempts) queries"
        return ProbeFailure(.response, .resolveTimeout, "\(server.address) did not answer \(times).")
    }
}
