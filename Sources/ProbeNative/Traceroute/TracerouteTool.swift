/// The routers on the way to a host, by probes whose TTL runs out on the way.
public struct TracerouteTool: Tool {
    public let name = "traceroute"
    public let summary = "the routers on the way to a host"

    public struct Parameters: Sendable, Hashable {
        public var path: TraceParameters
        /// Probes a hop.
        public var queries: Int
        /// Several hops are asked at once.
        public var isParallel: Bool
    }

    public init() {}

    public func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> Parameters {
        var (queries, isParallel) = (3, true)
        let path = TraceParameters(&reader) { reader in
            queries = reader.integer("queries", default: 3, in: 1...10, help: "probes for each hop")
            isParallel = reader.flag("parallel", default: true, help: "ask several hops at once")
        }
        return Parameters(path: path, queries: queries, isParallel: isParallel)
    }

    public func expectedDuration(_ parameters: Parameters) -> Duration {
        let path = parameters.path
        guard !parameters.isParallel else { return path.slowestPass + .seconds(6) }
        return path.timeout * (parameters.queries * min(path.maxHops, 2 * path.gapLimit)) + .seconds(6)
    }

    public func run(_ target: Host, _ parameters: Parameters, in context: ProbeContext) async -> ProbeOutcome {
        var report = TracerouteReport(parameters: parameters.path)
        do throws(ProbeFailure) {
            let path = parameters.path
            try path.checkPermission(context)
            let (address, resolution) = try await TraceTarget.resolve(target, path, in: context)
            report.address = address
            report.resolveTime = resolution.duration
            let flow = try await path.open(0, to: address, in: context)
            let names = HopNames(names: path.resolvesNames, networks: path.asksASN, in: context)
            let plan = TraceroutePlan(path, queries: parameters.queries, isParallel: parameters.isParallel)
            let tracer = PathTracer(plan, [flow], timeout: path.timeout, in: context) { _, answer in
                if let answer { names.want(answer.from) }
            }
            let failure = await names.during { await tracer.outcome() }
            report.hops = tracer.plan.hops
            report.facts = names.facts
            let answers = report.hops.flatMap { $0.probes.compactMap { $0 } }
            return ProbeOutcome(
                report, failure: failure ?? TraceVerdict.failure(to: address, answers, report.hops.last?.hop),
                resolvedAddress: address, quality: tracer.quality)
        } catch {
            return ProbeOutcome(report, failure: error, resolvedAddress: report.address)
        }
    }
}

extension PathTracer {
    /// Runs the plan to its end; what kept it from that.
    func outcome() async -> ProbeFailure? {
        do throws(ProbeFailure) {
            try await run()
            return nil
        } catch { return error }
    }
}
