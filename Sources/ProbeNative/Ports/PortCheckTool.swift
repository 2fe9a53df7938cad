/// Which ports of a host are open, closed or filtered.
public struct PortCheckTool: Tool {
    public let name = "port_check"
    public let summary = "open, closed and filtered TCP or UDP ports"

    public init() {}

    public func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> PortCheckParameters {
        PortCheckParameters(&reader)
    }

    public func expectedDuration(_ parameters: PortCheckParameters) -> Duration { parameters.expectedDuration }

    /// Sockets are drawn from the budget one by one; the weight is for the work of the sweep itself.
    public func weight(_ parameters: PortCheckParameters) -> Int {
        1 + min(parameters.parallel, parameters.ports.ports.count) / 100
    }

    public func run(_ target: Host, _ parameters: PortCheckParameters, in context: ProbeContext) async -> ProbeOutcome {
        var report = PortCheckReport(parameters)
        do throws(ProbeFailure) {
            let resolution = try await context.resolve(target)
            guard let address = resolution.addresses.first else {
                throw ProbeFailure(.resolve, .noAddress, "\(target) has no address.")
            }
            report.address = address
            report.resolveTime = resolution.duration
            try context.gate.check(portCount: parameters.ports.ports.count, of: address, tool: context.tool)
            try await checkPolicy(parameters, address, context)
            // A wrong source or a missing route is one failure of the job, not one of each port.
            _ = try context.gate.sourceAddress(
                towards: address, source: context.source, as: context.request(.target, address, port: nil))
            let sweep = PortSweep(PortProbe(host: address, parameters: parameters, context: context), report)
            let failure = await sweep.run() ?? Self.verdict(sweep.report, address)
            return ProbeOutcome(sweep.report, failure: failure, resolvedAddress: address)
        } catch {
            return ProbeOutcome(report, failure: error, resolvedAddress: report.address)
        }
    }

    /// A closed port is an answer; a host that no packet gets to has none.
    private static func verdict(_ report: PortCheckReport, _ address: IPAddress) -> ProbeFailure? {
        guard report.count(.unreachable) == report.findings.count else { return nil }
        let isNetwork = report.findings.allSatisfy { $0.reason == .networkUnreachable }
        return ProbeFailure(
            .connect, isNetwork ? .networkUnreachable : .hostUnreachable, "\(address) cannot be reached.")
    }

    /// Before anything is sent: a sweep of which one port is denied is denied.
    private func checkPolicy(
        _ parameters: PortCheckParameters, _ address: IPAddress, _ context: ProbeContext
    ) async throws(ProbeFailure) {
        for (index, port) in parameters.ports.ports.enumerated() {
            try context.gate.check(context.request(parameters.purpose, address, port: port))
            // What a policy costs is not known here.
            if index % 1024 == 1023, await context.reactor.park(until: context.now) == .cancelled {
                throw .cancelled(.policy)
            }
        }
    }
}
