/// One run of the tool: the servers in turn until one answers, or the walk from the root.
struct DNSRun {
    let parameters: DNSParameters
    let context: ProbeContext
    private let name: DNSName
    var report: DNSReport

    init(_ parameters: DNSParameters, _ context: ProbeContext, _ target: DNSTarget) {
        self.parameters = parameters
        self.context = context
        name =
            switch target {
            case .name(let name): name
            case .address(let address): address.reverseName
            }
        let question = DNSReport.Question(
            name: name.description, type: parameters.type.description,
            recordClass: parameters.options.recordClass.description)
        report = DNSReport(question: question, transport: parameters.transport)
    }

    /// Returns what the answer itself says is wrong; throws when there is none.
    mutating func measure(_ target: DNSTarget) async throws(ProbeFailure) -> ProbeFailure? {
        if case .address(let address) = target, parameters.type != .ptr {
            throw ProbeFailure(
                .queue, .invalidParameters,
                "The target \(address) is an address: record_type must be PTR, not \(parameters.type).")
        }
        if let hints = parameters.rootHints { return try await trace(hints) }
        var query = try context.reactor.local(DNSWorkspace.self).query(name, parameters.type, parameters.options)
        let servers = try await servers()
        let attempts = parameters.retries + 1
        // A little less than there is: that a server is silent says more than that the deadline came. Half of it where
        // the chain of trust is to be asked for afterwards.
        let part = parameters.anchors == nil ? 0.95 : 0.5
        let share = (context.deadline - context.now) / (servers.count * attempts) * part
        for (index, server) in servers.enumerated() {
            var exchange = DNSExchange(
                context.reactor, server, attempts: attempts, patience: min(DNSTool.patience, share),
                deadline: context.deadline)
            exchange.keepsWire = parameters.anchors != nil
            report.resolver = server.address
            do throws(ProbeFailure) {
                let reply = try await exchange.run(&query, over: parameters.transport)
                note(exchange.tally, reply)
                let failure = failure(reply.answer, server.address)
                return parameters.anchors == nil ? failure : await validate(reply, server) ?? failure
            } catch {
                note(exchange.tally, report.answer == nil ? exchange.tally.truncated : nil)
                let mayGoOn = [.resolveTimeout, .connectionTimeout, .connectionRefused].contains(error.code)
                if !mayGoOn || index == servers.count - 1 { throw error }
            }
        }
        return nil
    }

    private mutating func note(_ tally: DNSTally, _ reply: DNSReply?) {
        report.attempts += tally.attempts
        report.ignoredAnswers += tally.ignored
        report.transport = tally.transport
        report.connectTime = tally.connectTime
        report.tlsTime = tally.tlsTime
        report.truncatedRetry = tally.truncated != nil
        report.answer = reply?.answer
        report.queryTime = reply?.duration
        report.responseSize = reply?.size
    }

    private func failure(_ answer: DNSAnswer, _ server: SocketAddress) -> ProbeFailure? {
        let (name, code) = (report.question.name, answer.responseCode)
        return switch code {
        case .noError: nil
        case .nameError: ProbeFailure(.response, .resolveNXDomain, "\(name) does not exist (NXDOMAIN).")
        case .refused: ProbeFailure(.response, .resolveRefused, "\(server) refused to answer for \(name) (REFUSED).")
        default: ProbeFailure(.response, .resolveFailure, "\(server) could not answer for \(name) (\(code)).")
        }
    }

    // MARK: Validation and walk

    /// What validation finds wrong; nil where the answer's own failure, or none, stands.
    private mutating func validate(_ reply: DNSReply, _ server: DNSServer) async -> ProbeFailure? {
        guard let anchors = parameters.anchors else { return nil }
        let code = reply.answer.responseCode
        guard code == .noError || code == .nameError else {
            report.verdict = DNSSECVerdict(.indeterminate, "There is no answer to validate (\(code)).")
            return nil
        }
        let queries = ValidationQueries(
            context.reactor, server, parameters.transport, parameters.options, attempts: parameters.retries + 1,
            deadline: context.deadline)
        var validator = DNSSECValidator(anchors, queries, context.time)
        let verdict = await validator.judge(reply, to: name, parameters.type)
        report.verdict = verdict
        return verdict.failure
    }

    private mutating func trace(_ hints: RootHints) async throws(ProbeFailure) -> ProbeFailure? {
        var walk = DNSWalk(hints, parameters, context)
        defer {
            report.hops = walk.hops
            report.attempts = walk.queries
        }
        do throws(ProbeFailure) {
            let reply = try await walk.run(name)
            if let last = walk.last {
                note(last.tally, reply)
                report.resolver = last.server.address
            }
            return failure(reply.answer, walk.last?.server.address ?? SocketAddress(IPAddress(v4: 0), port: 53))
        } catch {
            if let last = walk.last { report.resolver = last.server.address }
            throw error
        }
    }
}
