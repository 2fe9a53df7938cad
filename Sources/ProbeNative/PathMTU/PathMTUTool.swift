/// The largest packet that gets to a host in one piece.
public struct PathMTUTool: Tool {
    public let name = "path_mtu"
    public let summary = "the largest packet that gets to a host in one piece"

    public struct Parameters: Sendable, Hashable {
        /// Bytes of the whole IP packet.
        public var largest: Int
        public var timeout: Duration
        /// How often a size is sent before its silence counts.
        public var tries: Int
    }

    public init() {}

    public func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> Parameters {
        Parameters(
            largest: reader.integer(
                "max", default: 1500, in: 68...65535, unit: "bytes", help: "the largest packet to try"),
            timeout: reader.milliseconds(
                "timeout_ms", default: 1000, in: 10...10000, help: "how long to wait for each answer"),
            tries: reader.integer("tries", default: 3, in: 1...10, help: "how often a silent size is sent"))
    }

    /// At worst all sizes but the smallest are swallowed.
    public func expectedDuration(_ parameters: Parameters) -> Duration {
        parameters.timeout * parameters.tries * 17 + .seconds(6)
    }

    public func run(_ target: Host, _ parameters: Parameters, in context: ProbeContext) async -> ProbeOutcome {
        var report = PathMTUReport(transport: .icmp)
        do throws(ProbeFailure) {
            let engine = context.reactor.local(ICMPEngine.self)
            try TraceTarget.checkPermission(context)
            let resolution = try await context.resolve(target)
            guard let address = resolution.addresses.first else {
                throw ProbeFailure(.resolve, .noAddress, "\(target) has no address.")
            }
            try context.gate.check(context.request(.target, address, port: nil), for: context.span)
            report.address = address
            report.resolveTime = resolution.duration
            if address.family == .v6, parameters.largest < PathMTUSearch.smallest(.v6) {
                throw ProbeFailure(
                    .request, .invalidParameters, "max must be at least 1280 over IPv6, not \(parameters.largest).")
            }
            let flow = try engine.openEcho(to: address, rest: parameters.timeout)
            var run = PathMTURun(flow, parameters, context, report)
            let failure = await run.outcome()
            return ProbeOutcome(run.report, failure: failure, resolvedAddress: address, quality: run.quality)
        } catch {
            return ProbeOutcome(report, failure: error, resolvedAddress: report.address)
        }
    }
}
