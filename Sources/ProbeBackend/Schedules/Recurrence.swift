/// When a schedule runs.
enum Recurrence: Sendable {
    /// A tick that is seen later than this, in seconds, was missed: the backend was not there.
    private static let grace = 30.0

    /// Seconds, at least one.
    case every(Double)
    case cron(CronExpression)

    /// Nil: never again.
    func next(after moment: Instant) -> Instant? {
        switch self {
        case .every(let seconds): moment.adding(seconds: seconds)
        case .cron(let expression): expression.next(after: moment)
        }
    }

    /// Of a schedule that is due: the tick to run, and the one to come. Of several ticks that have passed the newest
    /// counts, and none when all were missed.
    func ticks(due: Instant, now: Instant) -> (run: Instant?, next: Instant?) {
        let oldest = now.adding(seconds: -Self.grace)
        switch self {
        case .every(let seconds):
            let period = Int64((seconds * 1000).rounded())
            let newest = Instant(
                milliseconds: due.milliseconds + (now.milliseconds - due.milliseconds) / period * period)
            return (newest > oldest ? newest : nil, newest.adding(seconds: seconds))
        case .cron(let expression):
            // Within the grace there is at most one.
            let newest = due > oldest ? due : expression.next(after: oldest)
            return (newest.flatMap { $0 <= now ? $0 : nil }, expression.next(after: now))
        }
    }
}

extension ScheduleRecord {
    /// Nil when it is stored in a way that this version does not know.
    var recurrence: Recurrence? {
        if let every { return .every(every) }
        return cron.flatMap(CronExpression.init).map(Recurrence.cron)
    }
}
