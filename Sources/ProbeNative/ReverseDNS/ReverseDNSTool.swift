/// Asks for the names of an address and whether they lead back to it ("forward-confirmed reverse DNS", RFC 8601
/// section 3: iprev).
public struct ReverseDNSTool: Tool {
    public let name = "reverse_dns"
    public let summary = "names of an address, and whether they lead back to it"
    public let targetHelp = "IPv4 or IPv6 address"

    public struct Parameters: Sendable {
        var resolver: DNSResolverChoice
        var confirms: Bool
    }

    public init() {}

    public func target(_ text: String) throws(InvalidInput) -> IPAddress {
        if let address = IPAddress(text) { return address }
        throw InvalidInput("The target \(text.quotedForMessage) is not an IPv4 or IPv6 address.")
    }

    public func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> Parameters {
        let text = reader.optionalText(
            "resolver", limit: 300, help: "name server: address, address:port or name (default: the system's)")
        let resolver = text.map { DNSResolverChoice($0) } ?? .system
        if resolver == nil {
            reader.refuse("resolver", .string(text ?? ""), "an address, address:port, [IPv6]:port or a host name")
        }
        return Parameters(
            resolver: resolver ?? .system,
            confirms: reader.flag("confirm", default: true, help: "look the names up and compare"))
    }

    public func run(_ target: IPAddress, _ parameters: Parameters, in context: ProbeContext) async -> ProbeOutcome {
        var run = ReverseDNSRun(target, context)
        let failure: ProbeFailure?
        do throws(ProbeFailure) {
            try await run.measure(parameters)
            failure = nil
        } catch {
            failure = error
        }
        return ProbeOutcome(run.report, failure: failure, resolvedAddress: target)
    }
}

extension ReverseDNSTool.Parameters {
    /// As many names are looked up; a spammer's address may have hundreds.
    static let mostConfirmed = 16
}

private struct ReverseDNSRun {
    let address: IPAddress
    let context: ProbeContext
    var report: ReverseDNSReport

    init(_ address: IPAddress, _ context: ProbeContext) {
        self.address = address
        self.context = context
        report = ReverseDNSReport(address: address)
    }

    mutating func measure(_ parameters: ReverseDNSTool.Parameters) async throws(ProbeFailure) {
        var rounds = try await rounds(parameters.resolver)
        let (reply, server) = try await rounds.reply(to: address.reverseName, .ptr)
        report.answer = reply.answer
        report.resolver = server
        report.queryTime = reply.duration
        let (found, _) = LookupRecords.read(reply.answer, for: LookupKey(naming: address))
        guard case .names(let names) = found else { throw nothing(found) }
        report.names = names.map { ReverseDNSReport.Name(hostname: $0) }
        guard parameters.confirms else { return }
        let started = context.now
        try await confirm(rounds)
        report.confirmTime = context.now - started
    }

    private func nothing(_ answer: LookupAnswer) -> ProbeFailure {
        let name = address.reverseName
        return answer == .noSuchName
            ? ProbeFailure(.resolve, .resolveNXDomain, "\(address) has no name: \(name) does not exist (NXDOMAIN).")
            : ProbeFailure(.resolve, .noAddress, "\(address) has no name: \(name) exists and has no PTR record.")
    }

    private func rounds(_ choice: DNSResolverChoice) async throws(ProbeFailure) -> ServerRounds {
        var rounds = context.resolver.rounds(tool: context.tool)
        rounds.source = context.source
        rounds.span = context.span
        if case .server(let host, let port) = choice {
            guard let server = try await context.resolve(host).addresses.first else {
                throw ProbeFailure(.resolve, .noAddress, "The resolver \(host) has no address.")
            }
            rounds.settings.servers = [SocketAddress(server, port: port ?? 53)]
            rounds.purpose = .namedResolver
        }
        rounds.settings.servers.removeAll { !context.family.allows($0.address.family) }
        guard !rounds.settings.servers.isEmpty else {
            throw ProbeFailure(
                .resolve, .noAddress, "The system has no name server with an IPv\(context.family.rawValue) address.")
        }
        return rounds
    }

    /// Looks the names up side by side: each may be in a zone whose servers are silent.
    private mutating func confirm(_ rounds: ServerRounds) async throws(ProbeFailure) {
        let names = report.names.prefix(ReverseDNSTool.Parameters.mostConfirmed).map(\.hostname)
        let family = address.family
        let answers = await withTaskGroup(of: (Int, LookupAnswer).self) { group in
            for (index, name) in names.enumerated() {
                group.addTask {
                    // An escaped byte (RFC 1035 section 5.1) stands in no host name.
                    if name.contains("\\") { return (index, .noSuchName) }
                    var rounds = rounds
                    return (index, await rounds.ask(LookupKey(name: name.lowercased(), family: family)).0)
                }
            }
            var answers: [Int: LookupAnswer] = [:]
            for await (index, answer) in group { answers[index] = answer }
            return answers
        }
        for (index, answer) in answers {
            if case .failed(let failure) = answer {
                report.names[index].failure = failure
            } else {
                report.names[index].addresses = answer.addresses
                report.names[index].isConfirmed = answer.addresses.contains(address.withoutZone)
            }
        }
        if Task.isCancelled { throw .cancelled(.resolve) }
    }
}
