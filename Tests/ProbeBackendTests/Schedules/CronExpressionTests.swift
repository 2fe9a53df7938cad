import Testing

@testable import ProbeBackend

@Suite struct CronExpressionTests {
    /// Oracle: worked out by hand with a calendar; 1 January 2026 is a Thursday.
    @Test(arguments: [
        ("* * * * *", "2026-01-01T00:00:00.000Z", "2026-01-01T00:01:00.000Z"),
        ("*/5 * * * *", "2026-01-01T00:04:59.999Z", "2026-01-01T00:05:00.000Z"),
        ("30 4 * * *", "2026-01-01T04:30:00.000Z", "2026-01-02T04:30:00.000Z"),
        ("0 0 29 2 *", "2026-01-01T00:00:00.000Z", "2028-02-29T00:00:00.000Z"),
        ("0 12 * * mon-fri", "2026-01-02T12:00:00.000Z", "2026-01-05T12:00:00.000Z"),
        ("0 0 1 * 0", "2026-01-01T00:00:00.000Z", "2026-01-04T00:00:00.000Z"),
        ("0 0 * * 7", "2026-01-01T00:00:00.000Z", "2026-01-04T00:00:00.000Z"),
        ("10-20/5,50 23 31 dec *", "2026-01-01T00:00:00.000Z", "2026-12-31T23:10:00.000Z"),
        ("59 23 31 12 *", "2026-12-31T23:59:00.000Z", "2027-12-31T23:59:00.000Z"),
    ])
    func next(_ text: String, _ after: String, _ expected: String) throws {
        let expression = try #require(CronExpression(text))
        #expect(expression.next(after: try #require(Instant(after)))?.text == expected)
    }

    @Test(arguments: [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *",
        "5-1 * * * *", "a * * * *", ", * * * *", "1- * * * *", "-1 * * * *", "1/ * * * *",
    ])
    func refuses(_ text: String) {
        #expect(CronExpression(text) == nil)
    }

    @Test func aDayThatNeverComesHasNoNext() throws {
        #expect(try #require(CronExpression("0 0 31 2 *")).next(after: .start) == nil)
    }

    @Test func missedTicksAreSkipped() {
        let every = Recurrence.every(60)
        let due = Instant.start
        let onTime = every.ticks(due: due, now: due.adding(seconds: 0.5))
        #expect(onTime.run == due)
        #expect(onTime.next == due.adding(seconds: 60))
        // Ten minutes away, back at the minute: one run and not ten.
        let back = every.ticks(due: due, now: due.adding(seconds: 601))
        #expect(back.run == due.adding(seconds: 600))
        #expect(back.next == due.adding(seconds: 660))
        // Back in the middle: none.
        #expect(every.ticks(due: due, now: due.adding(seconds: 645)).run == nil)
        guard let hourly = CronExpression("0 * * * *").map(Recurrence.cron) else { return }
        #expect(hourly.ticks(due: due, now: due.adding(seconds: 20)).run == due)
        let late = hourly.ticks(due: due, now: due.adding(seconds: 1800))
        #expect(late.run == nil)
        #expect(late.next == due.adding(seconds: 3600))
    }
}
