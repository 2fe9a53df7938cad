/// One tcp job.
struct TCPRun {
    private let target: Host
    private let parameters: TCPParameters
    private let context: ProbeContext
    private(set) var report: TCPReport

    init(_ target: Host, _ parameters: TCPParameters, in context: ProbeContext) {
        self.target = target
        self.parameters = parameters
        self.context = context
        report = TCPReport(port: parameters.port)
    }

    private var end: Instant { context.now + parameters.timeout }

    mutating func run() async throws(ProbeFailure) {
        let socket = try await connect()
        // A measured connection leaves no TIME_WAIT behind.
        defer { socket.closeWithReset() }
        var conversation = Conversation(socket, on: context.reactor)
        do throws(ProbeFailure) {
            if parameters.tls { try await startTLS(&conversation) }
            if parameters.steps.isEmpty {
                let listening = context.span?.begin(.exchange, "what it says by itself")
                defer { listening?.end("\(conversation.received) bytes") }
                try await conversation.listen(until: context.now + parameters.bannerWait)
            }
            for (index, step) in parameters.steps.enumerated() { try await take(step, index, &conversation) }
            note(conversation)
        } catch {
            note(conversation)
            throw error
        }
    }

    private mutating func note(_ conversation: Conversation) {
        report.banner = conversation.banner
        report.received = conversation.received
    }

    private mutating func connect() async throws(ProbeFailure) -> Socket {
        let resolution = try await context.resolve(target)
        guard let address = resolution.addresses.first else {
            throw ProbeFailure(.resolve, .noAddress, "\(target) has no address.")
        }
        report.address = address
        report.resolveTime = resolution.duration
        let peer = SocketAddress(address, port: parameters.port)
        let request = context.request(.target, address, port: parameters.port)
        let socket = try await context.gate.open(
            .tcp, to: peer, as: request, source: context.source, until: context.deadline, for: context.span)
        let start = context.now
        try await socket.connect(to: peer, until: end)
        report.connectTime = context.now - start
        socket.setNoDelay()
        return socket
    }

    // MARK: TLS

    private mutating func startTLS(_ conversation: inout Conversation) async throws(ProbeFailure) {
        let tls = try await TLSStream.make(
            over: conversation.stream, to: target, parameters.tlsOptions, peer: "The peer", on: context.reactor,
            until: end, for: context.span)
        do throws(ProbeFailure) {
            try await tls.handshake(until: end, timeout: .connectionTimeout)
            note(tls)
        } catch {
            note(tls)
            throw error
        }
        conversation.stream = tls
    }

    private mutating func note(_ tls: TLSStream) {
        report.tlsTime = tls.handshakeDuration
        let isGood = tls.verdict?.isGood
        report.security = TCPReport.Security(
            version: tls.session?.version, cipher: tls.session?.cipher, isGood: isGood,
            complaint: isGood == false ? tls.verdict?.message : nil)
    }

    // MARK: Steps

    private mutating func take(
        _ step: TCPStep, _ index: Int, _ conversation: inout Conversation
    ) async throws(ProbeFailure) {
        let start = context.now
        let span = context.span?.begin(.exchange, "step \(index + 1)", at: start)
        var entry = TCPReport.Step(sent: step.send?.count, expected: step.expect?.text, startsTLS: step.startsTLS)
        report.steps.append(entry)
        do throws(ProbeFailure) {
            if let send = step.send { try await conversation.say(send, until: end) }
            if let expect = step.expect {
                try await hear(expect, &entry, "step \(index + 1)", &conversation)
                entry.duration = max(start, conversation.lastArrival) - start
            }
            if step.startsTLS {
                try Self.checkNothingIsLeft(conversation)
                try await startTLS(&conversation)
            }
            if step.expect == nil || step.startsTLS { entry.duration = context.now - start }
            report.steps[index] = entry
            span?.end(entry.matched == true ? "said what was expected" : "done")
        } catch {
            span?.fail(error)
            if entry.duration == nil { entry.duration = context.now - start }
            // What a peer said before it reset the connection, or the deadline came.
            if step.expect != nil, entry.seen == nil { entry.seen = Self.shown(conversation.pending) }
            report.steps[index] = entry
            throw error
        }
    }

    private func hear(
        _ pattern: Pattern, _ entry: inout TCPReport.Step, _ name: String, _ conversation: inout Conversation
    ) async throws(ProbeFailure) {
        let hearing = try await conversation.hear(pattern, until: end)
        if case .match(let bytes) = hearing {
            entry.matched = true
            entry.seen = Self.shown(bytes)
            return
        }
        entry.matched = false
        entry.seen = Self.shown(conversation.pending)
        let said = conversation.pending.suffix(120)
        let seen = said.isEmpty ? "it said nothing" : "it said \(EscapedBytes.text(said).quotedForMessage)"
        let sentence =
            switch hearing {
            case .ended: "The peer closed the connection before it said what \(name) expects; \(seen)."
            case .tooMuch: "The peer sent \(conversation.pending.count) bytes without what \(name) expects; \(seen)."
            case .exceeded(let limit): "The pattern of \(name) \(limit.reason)."
            default: "The peer did not say what \(name) expects in time; \(seen)."
            }
        throw ProbeFailure(.expectation, .expectationFailed, sentence)
    }

    private static func shown(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.prefix(TCPReport.longestSeen)) }

    /// What came in plain text behind the answer would be taken for something said under TLS (CVE-2011-0411).
    private static func checkNothingIsLeft(_ conversation: Conversation) throws(ProbeFailure) {
        let count = conversation.pending.count
        guard count == 0 else {
            throw ProbeFailure(
                .tls, .protocolError, "The peer sent \(count) bytes more in plain text before TLS could begin.")
        }
    }
}
