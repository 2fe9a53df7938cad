/// One search for a path's MTU, size after size, by echo requests that must not be fragmented.
struct PathMTURun {
    private let flow: EchoFlow
    private let parameters: PathMTUTool.Parameters
    private let context: ProbeContext
    private var search: PathMTUSearch
    /// Of the slowest answer so far: silence need not be waited for much longer.
    private var slowest: Duration?
    private(set) var report: PathMTUReport
    private(set) var quality = Quality()

    init(_ flow: EchoFlow, _ parameters: PathMTUTool.Parameters, _ context: ProbeContext, _ report: PathMTUReport) {
        self.flow = flow
        self.parameters = parameters
        self.context = context
        self.report = report
        search = PathMTUSearch(flow.destination.family, largest: parameters.largest)
    }

    /// Runs the search to its end; why it found nothing.
    mutating func outcome() async -> ProbeFailure? {
        quality.clockStepped = false
        do throws(ProbeFailure) {
            while case .probe(let size) = search.next { try await step(size) }
        } catch { return error }
        report.isBlackHole = search.isBlackHole
        guard case .found(let mtu) = search.next else {
            return ProbeFailure(.response, .noReply, "\(flow.destination) did not answer packets of any size.")
        }
        report.mtu = mtu
        return nil
    }

    private mutating func step(_ size: Int) async throws(ProbeFailure) {
        var step = PathMTUReport.Step(size: size, outcome: .silent, tries: 0)
        for _ in 0..<parameters.tries {
            step.tries += 1
            let probe = context.span?.begin(.probe, "\(size) bytes, try \(step.tries)")
            let departure = Departure(dontFragment: true, source: context.source)
            let sent: EchoFlow.Sent
            do throws(ProbeFailure) {
                sent = try await flow.send(
                    departure, size: size - flow.destination.family.headerLength - 8, in: context)
            } catch {
                guard error.code == .packetTooBig else { throw error }
                step.outcome = .local
                probe?.end("too big for the interface here")
                break
            }
            if let event = try await answer(to: sent) {
                try note(event, &step)
                probe?.end(step.outcome.rawValue)
                break
            }
            probe?.end("no answer", isFailed: true)
        }
        report.steps.append(step)
        switch step.outcome {
        case .fits: search.note(.fits)
        case .tooBig: search.note(.tooBig(nextHop: step.nextHopMTU))
        case .silent: search.note(.silent)
        case .local: search.note(.local)
        }
    }

    /// The answer to this very request; what comes for earlier ones is late.
    private mutating func answer(to sent: EchoFlow.Sent) async throws(ProbeFailure) -> EchoFlow.Event? {
        let patience = slowest.map { min(parameters.timeout, max(.milliseconds(200), $0 * 4)) } ?? parameters.timeout
        let end = sent.at + patience
        var hasRead = false
        while true {
            switch await flow.events.next(until: end) {
            case .event(let event):
                if event.clockStepped { quality.clockStepped = true }
                if event.sent.sequence == sent.sequence, !event.isDuplicate { return event }
                if event.isDuplicate {
                    quality.duplicates = (quality.duplicates ?? 0) + 1
                } else {
                    quality.lateReplies = (quality.lateReplies ?? 0) + 1
                }
            case .cancelled: throw .cancelled(.response)
            case .timeout:
                // What waits in the buffer has come in time.
                if hasRead { return nil }
                hasRead = true
                context.reactor.local(ICMPEngine.self).read(flow.destination.family)
            }
        }
    }

    private mutating func note(_ event: EchoFlow.Event, _ step: inout PathMTUReport.Step) throws(ProbeFailure) {
        step.rtt = event.rtt
        slowest = max(slowest ?? .zero, event.rtt)
        switch event.kind {
        case .reply(let from, _, _):
            step.outcome = .fits
            step.from = from
        case .error(let error):
            step.from = error.from
            guard error.isPacketTooBig else {
                report.steps.append(step)
                throw error.failure
            }
            step.outcome = .tooBig
            step.nextHopMTU = error.nextHopMTU
        }
    }
}
