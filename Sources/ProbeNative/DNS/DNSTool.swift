/// Asks a name server one question and reports all of its answer; validates it, or walks to it from the root, when asked.
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
        let run = DNSRun(parameters, context, target)
        let failure: ProbeFailure?
        do throws(ProbeFailure) {
            failure = try await run.measure(target)
        } catch {
            failure = error
        }
        return run.outcome(failure)
    }
}
