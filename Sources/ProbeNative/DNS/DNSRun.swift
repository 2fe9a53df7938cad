/// One run of the tool: the servers in turn until one answers, or the walk from the root.
///
/// Thousands of jobs wait at once, and all that an `async` function's frame holds waits with them: so a run is a class,
/// and what needs no `await` but much space is not inlined into what does.
final class DNSRun {
    let parameters: DNSParameters
    let context: ProbeContext
    private let name: DNSName
    var report: DNSReport

    @inline(never)
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

    @inline(never)
    func outcome(_ failure: ProbeFailure?) -> ProbeOutcome {
        ProbeOutcome(report, failure: failure, resolvedAddress: report.resolver?.address)
    }

    /// Returns what the answer itself says is wrong; throws when there is none.
    func measure(_ target: DNSTarget) async throws(ProbeFailure) -> ProbeFailure? {
        try check(target)
        if let hints = parameters.rootHints { return try await trace(hints) }
        var query = try query()
        let servers = try await servers()
        for index in servers.indices {
            let exchange = exchange(with: servers, at: index)
            do throws(ProbeFailure) {
                let reply = try await exchange.run(&query, over: parameters.transport)
                return await verdict(on: reply, of: exchange)
            } catch {
                try giveUp(exchange, error, isLast: index == servers.count - 1)
            }
        }
        return nil
    }

    @inline(never)
    private func check(_ target: DNSTarget) throws(ProbeFailure) {
        guard case .address(let address) = target, parameters.type != .ptr else { return }
        throw ProbeFailure(
            .queue, .invalidParameters,
            "The target \(address) is an address: record_type must be PTR, not \(parameters.type).")
    }

    @inline(never)
    private func query() throws(ProbeFailure) -> DNSQuery {
        try context.reactor.local(DNSWorkspace.self).query(name, parameters.type, parameters.options)
    }

    /// Throws `error` again, unless the next server may know better.
    @inline(never)
    private func giveUp(_ exchange: DNSExchange, _ error: ProbeFailure, isLast: Bool) throws(ProbeFailure) {
        note(exchange.tally, report.answer == nil ? exchange.tally.truncated : nil)
        let mayGoOn = [.resolveTimeout, .connectionTimeout, .connectionRefused].contains(error.code)
        if !mayGoOn || isLast { throw error }
    }

    @inline(never)
    private func exchange(with servers: [DNSServer], at index: Int) -> DNSExchange {
        let server = servers[index]
        let attempts = parameters.retries + 1
        // A little less than there is: that a server is silent says more than that the deadline came. Half of it where
        // the chain of trust is to be asked for afterwards.
        let part = parameters.anchors == nil ? 0.95 : 0.5
        let share = (context.deadline - context.now) / (servers.count * attempts) * part
        let exchange = DNSExchange(
            context.reactor, server, attempts: attempts, patience: min(DNSTool.patience, share),
            deadline: context.deadline, for: context.span)
        exchange.keepsWire = parameters.anchors != nil
        report.resolver = server.address
        return exchange
    }

    private func verdict(on reply: DNSReply, of exchange: DNSExchange) async -> ProbeFailure? {
        note(exchange.tally, reply)
        let failure = failure(reply.answer, exchange.server.address)
        return parameters.anchors == nil ? failure : await validate(reply, exchange.server) ?? failure
    }

    @inline(never)
    private func note(_ tally: DNSTally, _ reply: DNSReply?) {
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

    @inline(never)
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
    private func validate(_ reply: DNSReply, _ server: DNSServer) async -> ProbeFailure? {
        guard let anchors = parameters.anchors else { return nil }
        let code = reply.answer.responseCode
        guard code == .noError || code == .nameError else {
            report.verdict = DNSSECVerdict(.indeterminate, "There is no answer to validate (\(code)).")
            return nil
        }
        let span = context.span?.begin(.validate, "the chain of trust to \(name)")
        let queries = ValidationQueries(
            context.reactor, server, parameters.transport, parameters.options, attempts: parameters.retries + 1,
            deadline: context.deadline, for: span)
        var validator = DNSSECValidator(anchors, queries, context.time)
        let verdict = await validator.judge(reply, to: name, parameters.type)
        report.verdict = verdict
        span?.end(verdict.status.rawValue, isFailed: verdict.failure != nil)
        return verdict.failure
    }

    private func trace(_ hints: RootHints) async throws(ProbeFailure) -> ProbeFailure? {
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
