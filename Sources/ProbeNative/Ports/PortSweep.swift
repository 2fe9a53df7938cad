/// One port_check at work: `parallel` workers take port after port, at the pace that the job asks for. Confined to its
/// reactor.
final class PortSweep: @unchecked Sendable {
    // @unchecked: the workers are child tasks on one reactor; none runs while another does.

    /// While the node lacks descriptors or local ports, a worker tries again after this, and twice that, ...
    private static let firstPause = Duration.milliseconds(20)
    private static let longestPause = Duration.milliseconds(500)
    /// Bytes of all banners of a job.
    private static let bannerLimit = 256 << 10

    private let probe: PortProbe
    private let turnstile: Turnstile
    private let context: ProbeContext
    private var rest: ArraySlice<UInt16>
    private var failure: ProbeFailure?
    /// Set while a worker waits for something that the node lacks.
    private var shortage: ProbeFailure?
    private var bannerBytes = 0
    private var nextProgress: Instant
    private(set) var report: PortCheckReport

    init(_ probe: PortProbe, _ report: PortCheckReport) {
        self.probe = probe
        self.report = report
        context = probe.context
        turnstile = Turnstile(context.reactor, perSecond: probe.parameters.rate)
        rest = probe.parameters.ports.ports[...]
        nextProgress = context.now + PortProgress.interval
    }

    /// Nil when every port has its state.
    func run() async -> ProbeFailure? {
        await withDiscardingTaskGroup { group in
            for _ in 0..<min(probe.parameters.parallel, rest.count) {
                group.addTask { await self.work() }
            }
        }
        report.sort()
        if let failure { return failure }
        if report.findings.count == probe.parameters.ports.ports.count { return nil }
        if let shortage, context.now >= context.deadline { return shortage }
        return .cancelled(.connect)
    }

    private func work() async {
        while failure == nil, let port = rest.popFirst() {
            guard await turnstile.turn(), await settle(port) else { return }
        }
    }

    /// False when the sweep is over.
    private func settle(_ port: UInt16) async -> Bool {
        var pause = Self.firstPause
        let step = context.span?.begin(.probe, "port \(port)")
        while true {
            switch await probe.run(port) {
            case .found(let finding, let answer):
                step?.end("\(finding.state.rawValue), \(finding.reason.rawValue)")
                shortage = nil
                note(finding, answer)
                return true
            case .lacking(let failure):
                shortage = failure
                step?.note(.pause, "the node lacks something", failure.detail)
                guard await context.reactor.park(until: context.now + pause) == .timeout else { return false }
                pause = min(pause * 2, Self.longestPause)
            case .failed(let failure):
                step?.fail(failure)
                self.failure = failure
                return false
            case .cut:
                step?.end("cut", isFailed: true)
                return false
            }
        }
    }

    private func note(_ finding: PortFinding, _ answer: PortProbe.Answer) {
        report.findings.append(finding)
        if let sender = answer.sender { report.senders[finding.port] = sender }
        if let banner = answer.banner {
            if bannerBytes + banner.count <= Self.bannerLimit {
                bannerBytes += banner.count
                report.banners[finding.port] = banner
            } else {
                report.lacksBanners = true
            }
        }
        guard let progress = context.progress, context.now >= nextProgress else { return }
        nextProgress = context.now + PortProgress.interval
        progress(PortProgress(report))
    }
}
