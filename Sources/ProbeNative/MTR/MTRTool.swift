/// Loss and round-trip times of every hop on the way to a host, cycle after cycle.
public struct MTRTool: Tool {
    public let name = "mtr"
    public let summary = "loss and times of every hop on the way to a host"

    public struct Parameters: Sendable, Hashable {
        public var path: TraceParameters
        public var cycles: Int
        /// From one cycle's beginning to the next one's.
        public var interval: Duration
        public var flows: Int
    }

    static let mostFlows = 8

    public init() {}

    public func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> Parameters {
        var (cycles, interval, flows) = (10, Duration.seconds(1), 1)
        let path = TraceParameters(&reader) { reader in
            cycles = reader.integer("cycles", default: 10, in: 1...100, help: "probes for each hop and flow")
            interval = reader.milliseconds(
                "interval_ms", default: 1000, in: 100...60000, help: "time from one cycle to the next")
            flows = reader.integer(
                "flows", default: 1, in: 1...Self.mostFlows, help: "flows side by side, to see equal paths")
        }
        return Parameters(path: path, cycles: cycles, interval: interval, flows: flows)
    }

    public func expectedDuration(_ parameters: Parameters) -> Duration {
        parameters.interval * parameters.cycles + parameters.path.slowestPass * 2 + .seconds(6)
    }

    public func run(_ target: Host, _ parameters: Parameters, in context: ProbeContext) async -> ProbeOutcome {
        let path = parameters.path
        var report = MTRReport(parameters: path, cycles: parameters.cycles, flows: parameters.flows)
        do throws(ProbeFailure) {
            try path.checkPermission(context)
            let (address, resolution) = try await TraceTarget.resolve(target, path, in: context)
            report.address = address
            report.resolveTime = resolution.duration
            var flows: [any TraceFlow] = []
            for number in 0..<parameters.flows { flows.append(try await path.open(number, to: address, in: context)) }
            let names = HopNames(names: path.resolvesNames, networks: path.asksASN, in: context)
            let reporter = CycleReporter(report, names, context)
            let plan = MTRPlan(
                path, cycles: parameters.cycles, interval: parameters.interval, flows: parameters.flows,
                start: context.now)
            let tracer = PathTracer(plan, flows, timeout: path.timeout, in: context) { plan, answer in
                if let answer { names.want(answer.from) }
                reporter.note(plan)
            }
            let failure = await names.during { await tracer.outcome() }
            report = reporter.report(of: tracer.plan)
            let last = report.hops.last?.hop
            return ProbeOutcome(
                report, failure: failure ?? TraceVerdict.failure(to: address, report.analysis.answers, last),
                resolvedAddress: address, quality: tracer.quality)
        } catch {
            return ProbeOutcome(report, failure: error, resolvedAddress: report.address)
        }
    }
}

/// Sends a partial report after each cycle, where somebody asked for them.
private final class CycleReporter {
    private let start: MTRReport
    private let names: HopNames
    private let progress: (@Sendable (any Report) -> Void)?
    private var reported = 0

    init(_ start: MTRReport, _ names: HopNames, _ context: ProbeContext) {
        self.start = start
        self.names = names
        progress = context.progress
    }

    func note(_ plan: MTRPlan) {
        guard let progress, plan.finishedCycles > reported else { return }
        reported = plan.finishedCycles
        progress(report(of: plan))
    }

    func report(of plan: MTRPlan) -> MTRReport {
        var report = start
        report.samples = plan.samples
        report.cyclesDone = plan.finishedCycles
        report.facts = names.facts
        return report
    }
}
