/// Asks a name server one question and reports all of its answer.
public struct DNSTool: Tool {
    public let name = "dns"
    public let summary = "ask a name server"
    public let targetHelp = "domain name, or an address with record_type PTR"

    /// How long a query waits for its answer when the job's deadline leaves more (dig's default).
    static let patience = Duration.seconds(5)

    public init() {}

    public func target(_ text: String) throws(InvalidInput) -> DNSTarget { try DNSTarget(text) }

    public func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> DNSParameters {
        DNSParameters(&reader)
    }

    public func expectedDuration(_ parameters: DNSParameters) -> Duration { Self.patience * (parameters.retries + 2) }

    public func run(_ target: DNSTarget, _ parameters: DNSParameters, in context: ProbeContext) async -> ProbeOutcome {
        var run = DNSRun(parameters, context, target)
        let failure: ProbeFailure?
        do throws(ProbeFailure) {
            failure = try await run.measure(target)
        } catch {
            failure = error
        }
        return ProbeOutcome(run.report, failure: failure, resolvedAddress: run.report.resolver?.address)
    }
}

/// One run of the tool: the servers in turn until one answers.
private struct DNSRun {
    let parameters: DNSParameters
    let context: ProbeContext
    var report: DNSReport

    init(_ parameters: DNSParameters, _ context: ProbeContext, _ target: DNSTarget) {
        self.parameters = parameters
        self.context = context
        let question = DNSReport.Question(
            name: Self.name(of: target).description, type: parameters.type.description,
            recordClass: parameters.options.recordClass.description)
        report = DNSReport(question: question, transport: parameters.transport)
    }

    private static func name(of target: DNSTarget) -> DNSName {
        switch target {
        case .name(let name): name
        case .address(let address): address.reverseName
        }
    }

    /// Returns what the answer itself says is wrong; throws when there is none.
    mutating func measure(_ target: DNSTarget) async throws(ProbeFailure) -> ProbeFailure? {
        if case .address(let address) = target, parameters.type != .ptr {
            throw ProbeFailure(
                .queue, .invalidParameters,
                "The target \(address) is an address: record_type must be PTR, not \(parameters.type).")
        }
        var query = try DNSQuery(Self.name(of: target), parameters.type, parameters.options)
        let servers = try await servers()
        let attempts = parameters.retries + 1
        // A little less than there is: that a server is silent says more than that the deadline came.
        let share = (context.deadline - context.now) / (servers.count * attempts) * 0.95
        for (index, server) in servers.enumerated() {
            var exchange = DNSExchange(
                context.reactor, server, attempts: attempts, patience: min(DNSTool.patience, share),
                deadline: context.deadline)
            report.resolver = server.address
            do throws(ProbeFailure) {
                let reply = try await exchange.run(&query, over: parameters.transport)
                note(exchange.tally, reply)
                return failure(reply.answer, server)
            } catch {
                note(exchange.tally, exchange.tally.truncated)
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
        report.truncatedRetry = tally.truncated != nil
        report.answer = reply?.answer
        report.queryTime = reply?.duration
        report.responseSize = reply?.size
    }

    /// The servers to ask, with the policy's view of why.
    private mutating func servers() async throws(ProbeFailure) -> [DNSServer] {
        guard case .server(let host, let inline) = parameters.resolver else { return try systemServers() }
        let resolution = try await context.resolve(host)
        if case .name = host { report.resolveTime = resolution.duration }
        guard let address = resolution.addresses.first else {
            throw ProbeFailure(.resolve, .noAddress, "The resolver \(host) has no address.")
        }
        return [server(SocketAddress(address, port: inline ?? parameters.port ?? 53), .namedResolver)]
    }

    private func systemServers() throws(ProbeFailure) -> [DNSServer] {
        let usable = context.resolver.servers.filter { context.family.allows($0.address.family) }
        guard !usable.isEmpty else {
            throw ProbeFailure(
                .resolve, .noAddress, "The system has no name server with an IPv\(context.family.rawValue) address.")
        }
        return usable.map { address in
            server(SocketAddress(address.address, port: parameters.port ?? address.port), .systemResolver)
        }
    }

    private func server(_ address: SocketAddress, _ purpose: Purpose) -> DNSServer {
        DNSServer(
            address: address, request: context.request(purpose, address.address, port: address.port),
            source: context.source)
    }

    private func failure(_ answer: DNSAnswer, _ server: DNSServer) -> ProbeFailure? {
        let (name, code) = (report.question.name, answer.responseCode)
        return switch code {
        case .noError: nil
        case .nameError: ProbeFailure(.response, .resolveNXDomain, "\(name) does not exist (NXDOMAIN).")
        case .refused:
            ProbeFailure(.response, .resolveRefused, "\(server.address) refused to answer for \(name) (REFUSED).")
        default: ProbeFailure(.response, .resolveFailure, "\(server.address) could not answer for \(name) (\(code)).")
        }
    }
}
