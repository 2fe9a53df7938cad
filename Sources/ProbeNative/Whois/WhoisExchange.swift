/// One question to one whois server: a line out, text until the server closes.
struct WhoisExchange {
    private let server: WhoisServer
    private let target: WhoisTarget
    private let context: ProbeContext
    var log: WhoisReport.Server

    init(_ server: WhoisServer, _ target: WhoisTarget, _ context: ProbeContext) {
        self.server = server
        self.target = target
        self.context = context
        log = WhoisReport.Server(name: server.description)
        log.query = server.query(for: target)
    }

    /// - Throws: the look-up's and the connection's own failure; `no_reply` for a server that says nothing.
    mutating func run(as purpose: Purpose) async throws(ProbeFailure) -> (text: String, isWhole: Bool) {
        let resolution = try await context.resolve(server.host)
        log.resolve = resolution.duration
        guard let address = resolution.addresses.first else {
            throw ProbeFailure(.resolve, .noAddress, "The whois server \(server.host) has no address.")
        }
        log.address = address
        // A little less than there is: that a server is silent says more than that the deadline came.
        let started = context.now
        let end = started + min(WhoisTool.patience, (context.deadline - started) * 0.95)
        let socket = try await context.gate.connect(
            .tcp, to: SocketAddress(address, port: server.port),
            as: context.request(purpose, address, port: server.port), source: context.source, until: end,
            for: context.span)
        defer { socket.closeWithReset() }
        log.connect = context.now - started
        return try await ask(socket, until: end)
    }

    private mutating func ask(
        _ socket: Socket, until end: Instant
    ) async throws(ProbeFailure) -> (text: String, isWhole: Bool) {
        let asked = context.now
        try await socket.write(
            Array((server.query(for: target) + "\r\n").utf8), until: end, stage: .request, timeout: .connectionTimeout)
        var reader = StreamReader(socket, timeout: .noReply)
        var answer: (bytes: [UInt8], isComplete: Bool)
        do throws(ProbeFailure) {
            answer = try await reader.rest(atMost: WhoisText.limit, until: end)
        } catch {
            // A server that does not close, or resets where it should, has answered all the same.
            let mayHaveAnswered = error.code == .noReply || error.code == .connectionReset
            guard mayHaveAnswered, !reader.pending.isEmpty else { throw error }
            answer = (reader.pending, false)
        }
        log.response = context.now - asked
        log.byteCount = answer.bytes.count
        guard !answer.bytes.isEmpty else {
            throw ProbeFailure(.response, .noReply, "\(server) closed the connection without an answer.")
        }
        let text = WhoisText.decode(answer.bytes, isWhole: answer.isComplete)
        return (text, answer.isComplete && text.utf8.count < WhoisText.limit)
    }
}
