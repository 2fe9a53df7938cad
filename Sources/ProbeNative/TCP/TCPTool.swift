/// Connects to a TCP port, speaks and listens.
public struct TCPTool: Tool {
    public let name = "tcp"
    public let summary = "TCP connection, TLS, and a conversation in steps"

    public init() {}

    public func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> TCPParameters {
        TCPParameters(&reader)
    }

    public func expectedDuration(_ parameters: TCPParameters) -> Duration { parameters.expectedDuration }

    public func run(_ target: Host, _ parameters: TCPParameters, in context: ProbeContext) async -> ProbeOutcome {
        var run = TCPRun(target, parameters, in: context)
        do throws(ProbeFailure) {
            try await run.run()
            return ProbeOutcome(run.report, resolvedAddress: run.report.address)
        } catch {
            return ProbeOutcome(run.report, failure: error, resolvedAddress: run.report.address)
        }
    }
}
