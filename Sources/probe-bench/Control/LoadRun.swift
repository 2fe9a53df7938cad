import NIOCore
import ProbeNative

/// One run of a load: which jobs are out, and how long each took. Confined to the event loop.
final class LoadRun {
    private struct KindState {
        var template: JobTemplate
        var turnaround = Distribution()
        var field = Distribution()
        var wrong = 0
        var wrongExample: String?
    }

    let order: LoadOrder
    private var kinds: [KindState]
    /// By a job's number: when it was sent, nil once it is answered.
    private var sentAt: [Instant?] = []
    private var outstanding = 0
    private var answered = 0
    private var repeated = 0
    private var measured = 0
    private let begin: Instant
    private let measuredFrom: Instant
    private let end: Instant
    private var lastAnswer: Instant
    private var worstSendDelay = Duration.zero
    private var scratch: [UInt8] = []

    init(_ order: LoadOrder, at now: Instant) {
        self.order = order
        kinds = order.kinds.map { KindState(template: JobTemplate($0)) }
        begin = now
        lastAnswer = now
        measuredFrom = now + .seconds(fromDouble: order.warmUp ?? 0)
        end = order.seconds.map { now + .seconds(fromDouble: $0 + (order.warmUp ?? 0)) } ?? .distantFuture
        sentAt.reserveCapacity(order.jobs ?? 100_000)
    }

    private var mayStillSend: Bool { order.jobs.map { sentAt.count < $0 } ?? true }

    func isDone(at now: Instant) -> Bool { outstanding == 0 && (!mayStillSend || now >= end) }

    /// Writes the jobs that are due into `buffer`.
    func fill(_ buffer: inout ByteBuffer, at now: Instant) {
        guard now < end else { return }
        while outstanding < order.window, mayStillSend {
            if let rate = order.rate {
                let due = begin + .seconds(fromDouble: Double(sentAt.count) / rate)
                guard due <= now else { return }
                worstSendDelay = max(worstSendDelay, now - due)
            }
            scratch.removeAll(keepingCapacity: true)
            let number = sentAt.count
            kinds[number % kinds.count].template.write(run: order.run, number: number, to: &scratch)
            Frames.write(.text, scratch, to: &buffer)
            sentAt.append(now)
            outstanding += 1
        }
    }

    /// Takes the answer to job `number`.
    func answered(_ number: Int, _ text: AnswerText, at now: Instant) {
        guard number < sentAt.count, let sent = sentAt[number] else {
            repeated += 1
            return
        }
        sentAt[number] = nil
        outstanding -= 1
        answered += 1
        lastAnswer = now
        let isMeasured = sent >= measuredFrom
        if isMeasured { measured += 1 }
        judge(number % kinds.count, text, turnaround: isMeasured ? now - sent : nil)
    }

    private func judge(_ index: Int, _ text: AnswerText, turnaround: Duration?) {
        let template = kinds[index].template
        if let turnaround {
            kinds[index].turnaround.add(turnaround.inMilliseconds)
            if let field = template.field, let number = text.number(after: field) { kinds[index].field.add(number) }
        }
        guard !template.expected.allSatisfy(text.contains) else { return }
        kinds[index].wrong += 1
        if kinds[index].wrongExample == nil { kinds[index].wrongExample = text.excerpt }
    }

    func tally(failure: String? = nil) -> LoadTally {
        let seconds = max(1e-9, (lastAnswer - measuredFrom).inSeconds)
        return LoadTally(
            run: order.run, sent: sentAt.count, answered: answered, repeated: repeated, measured: measured,
            seconds: seconds, jobsPerSecond: Double(measured) / seconds, wrong: kinds.map(\.wrong).reduce(0, +),
            worstSendDelay: worstSendDelay.inMilliseconds,
            kinds: kinds.map { kind in
                LoadTally.Kind(
                    name: kind.template.kind.name, turnaround: kind.turnaround.summary, field: kind.field.summary,
                    wrong: kind.wrong, wrongExample: kind.wrongExample)
            }, failure: failure)
    }
}
