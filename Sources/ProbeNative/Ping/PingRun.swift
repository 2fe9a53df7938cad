/// One ping, packet after packet. A class, and what needs no `await` is not inlined, so that the `async` frames that wait
/// are small.
final class PingRun {
    private let parameters: PingParameters
    private let address: IPAddress
    private let engine: any EchoEngine
    private let context: ProbeContext
    private var report: PingReport
    private var quality = Quality()
    /// The first reason why a packet could not be sent, and why one was refused on its way.
    private var sendFailure: ProbeFailure?
    private var refusal: ProbeFailure?

    @inline(never)
    init(
        _ parameters: PingParameters, to address: IPAddress, by engine: any EchoEngine, in context: ProbeContext,
        report: PingReport
    ) {
        self.parameters = parameters
        self.address = address
        self.engine = engine
        self.context = context
        self.report = report
    }

    nonisolated(nonsending) func outcome() async -> ProbeOutcome {
        if parameters.transport == .icmp { quality.clockStepped = false }
        let isDone = await sendAll()
        return conclude(isDone)
    }

    @inline(never)
    private func conclude(_ isDone: Bool) -> ProbeOutcome {
        noteStrays()
        quality.receiveOverflow = engine.receiveOverflow
        let failure = isDone ? verdict : .cancelled(.response)
        return ProbeOutcome(report, failure: failure, resolvedAddress: address, quality: quality)
    }

    /// False when the job was cut.
    nonisolated(nonsending) private func sendAll() async -> Bool {
        var due = context.now
        for seq in 1...parameters.count {
            guard await pause(until: due) else { return false }
            // A packet that waited for the one before it is not made up for by a burst.
            due = max(due, context.now) + parameters.interval
            guard await sendOne(seq) else { return false }
            if parameters.stopOnReply, report.received > 0 { break }
        }
        return true
    }

    nonisolated(nonsending) private func pause(until instant: Instant) async -> Bool {
        guard !Task.isCancelled else { return false }
        guard instant > context.now else { return context.now < context.deadline }
        let pause = context.span?.begin(.pause, "until the next packet is due")
        defer { pause?.end() }
        return await context.reactor.park(until: instant) == .timeout && context.now < context.deadline
    }

    /// False when the job was cut before the packet's fate was known: then it is not reported at all.
    nonisolated(nonsending) private func sendOne(_ seq: Int) async -> Bool {
        var echo = parameters.echo(to: address)
        echo.number = seq
        echo.isDoubtful = report.packets.last?.status == .timeout
        let probe = context.span?.begin(.probe, "packet \(seq) by \(engine.name)")
        var result = await engine.send(echo, in: context)
        if result.clockStepped { quality.clockStepped = true }
        // liboping loses a good reply when the wall clock steps back, and any engine when the receive buffer is full:
        // not the host's fault, so once more.
        if result.outcome == .timeout, result.clockStepped || result.overflowed {
            result = await engine.send(echo, in: context)
        }
        if let probe { Self.end(probe, result) }
        return note(result, seq)
    }

    private static func end(_ probe: Span, _ result: EchoResult) {
        switch result.outcome {
        case .reply(let rtt, let ttl):
            let time = rtt.map { "\($0.inMilliseconds) ms" } ?? "unknown"
            probe.end("reply, rtt \(time)" + (ttl.map { ", ttl \($0)" } ?? ""))
        case .timeout: probe.end("no reply", isFailed: true)
        case .unreachable(let failure), .sendError(let failure): probe.fail(failure)
        case .cut: probe.end("cut", isFailed: true)
        }
    }

    /// False when the packet's fate is not known.
    @inline(never)
    private func note(_ result: EchoResult, _ seq: Int) -> Bool {
        var packet = PingReport.Packet(seq: seq, status: .reply)
        switch result.outcome {
        case .reply(let rtt, let ttl):
            packet.rtt = rtt
            packet.ttl = ttl
            packet.from = result.from ?? address
        case .timeout:
            packet.status = .timeout
        case .unreachable(let failure):
            packet.status = .unreachable
            packet.from = result.from
            packet.reason = result.reason
            if refusal == nil { refusal = failure }
        case .sendError(let failure):
            packet.status = .sendError
            if sendFailure == nil { sendFailure = failure }
        case .cut:
            return false
        }
        report.packets.append(packet)
        noteStrays()
        return true
    }

    /// Late replies go to the packet that they answer; duplicates are listed by themselves.
    @inline(never)
    private func noteStrays() {
        for stray in engine.takeStrays() {
            if stray.clockStepped { quality.clockStepped = true }
            let index = report.packets.lastIndex { $0.seq == stray.number && $0.status != .duplicate }
            guard let index else { continue }
            var packet = PingReport.Packet(seq: stray.number, status: .duplicate)
            packet.rtt = stray.rtt
            packet.ttl = stray.ttl
            packet.from = stray.from
            switch (stray.kind, report.packets[index].status) {
            case (.reply, .timeout), (.reply, .unreachable):
                let isLate = stray.rtt > parameters.timeout
                if isLate { quality.lateReplies = (quality.lateReplies ?? 0) + 1 }
                packet.status = isLate ? .late : .reply
                report.packets[index] = packet
            case (.reply, _):
                // To the first of two sendings; the second was answered.
                quality.lateReplies = (quality.lateReplies ?? 0) + 1
            case (.duplicate, _):
                quality.duplicates = (quality.duplicates ?? 0) + 1
                report.packets.append(packet)
            }
        }
    }

    private var verdict: ProbeFailure? {
        if report.received > 0 { return nil }
        if report.sent == 0, let sendFailure { return sendFailure }
        if let refusal { return refusal }
        let times = report.sent == 1 ? "the packet that was" : "any of the \(report.sent) packets that were"
        return ProbeFailure(.response, .noReply, "\(address) did not reply to \(times) sent.")
    }
}
