/// Asks the registries who a domain, an address or an autonomous system belongs to: by whois (RFC 3912), from IANA down
/// the referrals, or by RDAP (RFC 9082).
public struct WhoisTool: Tool {
    public let name = "whois"
    public let summary = "registration of a domain, an address or an AS number"
    public let targetHelp = "domain, IP address or AS number (AS64496)"

    /// Followed at most.
    static let mostReferrals = 4
    /// How long a server has for its answer when the job's deadline leaves more.
    static let patience = Duration.seconds(10)

    public init() {}

    public func target(_ text: String) throws(InvalidInput) -> WhoisTarget { try WhoisTarget(text) }

    public func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> WhoisParameters {
        WhoisParameters(&reader)
    }

    public func expectedDuration(_ parameters: WhoisParameters) -> Duration {
        Self.patience * (parameters.follows ? Self.mostReferrals + 1 : 1)
    }

    public func run(_ target: WhoisTarget, _ parameters: WhoisParameters, in context: ProbeContext) async
        -> ProbeOutcome
    {
        var run = WhoisRun(target, parameters, context)
        let failure: ProbeFailure?
        do throws(ProbeFailure) {
            try await run.measure()
            failure = nil
        } catch {
            failure = error
        }
        return ProbeOutcome(
            run.report, failure: failure, resolvedAddress: run.report.servers.last { $0.address != nil }?.address)
    }
}

/// One run of the tool.
private struct WhoisRun {
    let target: WhoisTarget
    let parameters: WhoisParameters
    let context: ProbeContext
    var report: WhoisReport

    init(_ target: WhoisTarget, _ parameters: WhoisParameters, _ context: ProbeContext) {
        self.target = target
        self.parameters = parameters
        self.context = context
        report = WhoisReport(seenAt: context.time.wallTime)
    }

    mutating func measure() async throws(ProbeFailure) {
        switch parameters.rdap {
        case .off: try await askByWhois()
        case .only: try await askByRDAP()
        case .first:
            do throws(ProbeFailure) {
                try await askByRDAP()
            } catch {
                // No such registration is an answer, too.
                guard ![.cancelled, .deadlineExceeded, .resolveNXDomain].contains(error.code) else { throw error }
                try await askByWhois()
            }
        }
    }

    // MARK: RDAP

    private mutating func askByRDAP() async throws(ProbeFailure) {
        report.source = .rdap
        var client = RDAPClient(context)
        defer { report.servers += client.servers }
        let answer = try await client.ask(
            for: target, at: parameters.service, bootstrap: parameters.bootstrap)
        report.text = answer.text
        report.record = answer.record
    }

    // MARK: Whois

    private mutating func askByWhois() async throws(ProbeFailure) {
        report.source = .whois
        var next = parameters.server ?? .root
        var asked: Set<WhoisServer> = []
        var isNothing = false
        while true {
            asked.insert(next)
            let reply: WhoisReply
            do throws(ProbeFailure) {
                reply = try await ask(next, as: asked.count == 1 ? .target : .referral)
            } catch {
                // The registry has answered, and its registrar's server is out of order: that is the record there is.
                let isOver = [.cancelled, .deadlineExceeded].contains(error.code)
                if isOver || report.record.isEmpty { throw error }
                break
            }
            isNothing = reply.isNothing
            let referral = reply.referral.flatMap { $0 == next ? nil : $0 }
            report.stop = referral.flatMap { stop(before: $0, asked) }
            take(reply, isLast: referral == nil || report.stop != nil)
            guard let referral, report.stop == nil else {
                report.referral = referral?.description
                break
            }
            next = referral
        }
        if isNothing, report.record.isEmpty {
            throw ProbeFailure(.response, .resolveNXDomain, "\(next) has no record of \(target).")
        }
    }

    private func stop(before referral: WhoisServer, _ asked: Set<WhoisServer>) -> WhoisReport.Stop? {
        if !parameters.follows { return .asked }
        if asked.contains(referral) { return .loop }
        return asked.count > WhoisTool.mostReferrals ? .limit : nil
    }

    /// The record of a domain comes together from its registry and its registrar. Records of other things, such as the
    /// top-level domain or the block that an address is in, say nothing about the target.
    private mutating func take(_ reply: WhoisReply, isLast: Bool) {
        guard case .domain(let name) = target else {
            if isLast { report.record = reply.record }
            return
        }
        guard reply.subject == name || reply.subject == nil && isLast else { return }
        var record = reply.record
        record.complete(with: report.record)
        report.record = record
    }

    private mutating func ask(_ server: WhoisServer, as purpose: Purpose) async throws(ProbeFailure) -> WhoisReply {
        let step = context.span?.begin(.exchange, "whois at \(server)")
        var exchange = WhoisExchange(server, target, context.within(step))
        defer { report.servers.append(exchange.log) }
        do throws(ProbeFailure) {
            let answer = try await exchange.run(as: purpose)
            report.text = answer.text
            report.isTruncated = !answer.isWhole
            step?.end("\(exchange.log.byteCount ?? 0) bytes")
            return WhoisReply(answer.text, about: target)
        } catch {
            step?.fail(error)
            exchange.log.failure = error
            throw error
        }
    }
}
