/// Round-trip times and loss to a host, by ICMP echo or TCP handshakes.
public struct PingTool: Tool {
    public let name = "ping"
    public let summary = "round-trip time and packet loss to a host"
    private let lane: PingLane

    public init(lane: PingLane) { self.lane = lane }

    public func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> PingParameters {
        PingParameters(&reader, common)
    }

    public func expectedDuration(_ parameters: PingParameters) -> Duration { parameters.expectedDuration }

    public func run(_ target: Host, _ parameters: PingParameters, in context: ProbeContext) async -> ProbeOutcome {
        let isICMP = parameters.transport == .icmp
        var report = PingReport(
            transport: parameters.transport, port: isICMP ? nil : parameters.port,
            size: isICMP ? parameters.size : nil)
        let choice = EngineChoice(lane: lane, parameters: parameters)
        // Without the permission there is no use in looking up a name.
        if let failure = choice.failure(in: context) { return ProbeOutcome(report, failure: failure) }
        do throws(ProbeFailure) {
            let resolution = try await context.resolve(target)
            guard let address = resolution.addresses.first else {
                throw ProbeFailure(.resolve, .noAddress, "\(target) has no address.")
            }
            report.address = address
            report.resolveTime = resolution.duration
            try context.gate.check(
                context.request(.target, address, port: isICMP ? nil : parameters.port), for: context.span)
            let engine = try await choice.engine(for: address, in: context)
            report.engine = engine.name
            let run = PingRun(parameters, to: address, by: engine, in: context, report: report)
            return await run.outcome()
        } catch {
            return ProbeOutcome(report, failure: error, resolvedAddress: report.address)
        }
    }
}
