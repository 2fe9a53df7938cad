import ProbeNative
import Testing

@testable import ProbeAgent

struct ScheduleTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func timing(_ every: Duration, jitter: Duration = .zero) -> Check.Timing {
        Check.Timing(every: every, jitter: jitter, timeout: every, windows: [])
    }

    /// Runs everything that is due until `end`, at its very instant.
    private func run(_ schedule: inout Schedule, until end: Instant) -> [Schedule.Due] {
        var all: [Schedule.Due] = []
        while let next = schedule.earliest, next < end { all += schedule.take(at: next) }
        return all
    }

    @Test func eachCheckComesInItsIntervalExactly() {
        var schedule = Schedule()
        for number in 0..<10 { schedule.add("\(number)", timing(.seconds(number < 5 ? 10 : 7)), at: start) }
        let runs = run(&schedule, until: start + .seconds(3600))
        for number in 0..<10 {
            let times = runs.filter { $0.id == "\(number)" }.compactMap(\.scheduled)
            let every = Duration.seconds(number < 5 ? 10 : 7)
            #expect(times.first.map { $0 < start + every } == true)
            #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == every })
            #expect(abs(times.count - (number < 5 ? 360 : 514)) <= 1)
        }
        #expect(runs.allSatisfy { $0.missed == 0 })
    }

    @Test func twoThousandSpreadEvenlyOverTheirInterval() {
        var schedule = Schedule()
        for number in 0..<2000 { schedule.add("\(number)", timing(.seconds(10)), at: start) }
        let offsets = run(&schedule, until: start + .seconds(10)).compactMap(\.scheduled).map { $0 - start }
        #expect(offsets.count == 2000)
        // 200 a second: 20 in each tenth, give or take two.
        for slot in 0..<100 {
            let (from, to) = (
                Duration.milliseconds(Double(slot) * 100), Duration.milliseconds(Double(slot) * 100 + 100)
            )
            #expect((18...22).contains(offsets.count { $0 >= from && $0 < to }), "tenth \(slot)")
        }
        // The largest gap is at most (1 + golden ratio) times the mean of 5 ms.
        let gaps = zip(offsets, offsets.dropFirst()).map { $1 - $0 }
        #expect(gaps.allSatisfy { $0 <= .milliseconds(13.1) })
    }

    @Test func checksAddedLaterFallIntoGaps() {
        var schedule = Schedule()
        for number in 0..<100 { schedule.add("\(number)", timing(.seconds(10)), at: start) }
        schedule.remove("7")
        schedule.add("new", timing(.seconds(10)), at: start)
        let offsets = run(&schedule, until: start + .seconds(10)).compactMap(\.scheduled)
        #expect(offsets.count == 100 && Set(offsets).count == 100)
    }

    @Test func jitterStaysWithinItsBoundsAndAddsNothingUp() {
        var schedule = Schedule()
        schedule.add("a", timing(.seconds(10), jitter: .seconds(4)), at: start)
        let delays = run(&schedule, until: start + .seconds(10_000)).compactMap(\.scheduled).enumerated().map {
            $1 - (start + .seconds($0 * 10))
        }
        #expect(delays.count == 1000 && delays.allSatisfy { $0 >= .zero && $0 < .seconds(4) })
        let mean = delays.reduce(Duration.zero, +) / 1000
        #expect(mean > .seconds(1.8) && mean < .seconds(2.2))
    }

    @Test func whatWasMissedIsCountedAndNeverMadeUpFor() {
        var schedule = Schedule()
        for number in 0..<100 { schedule.add("\(number)", timing(.seconds(10)), at: start) }
        // The process stood still for 95 s.
        let wake = start + .seconds(95)
        let due = schedule.take(at: wake)
        #expect(due.count == 100)
        let started = due.compactMap(\.scheduled)
        #expect(started.allSatisfy { wake - $0 <= Schedule.patience && wake >= $0 })
        #expect(started.count <= 11)
        // Nine or ten of each are gone, but for those that are on time.
        #expect(due.allSatisfy { (9...10).contains($0.missed + ($0.scheduled == nil ? 0 : 1)) })
        // And they go on in their phase.
        #expect(schedule.take(at: wake).isEmpty)
        let next = run(&schedule, until: wake + .seconds(10))
        #expect(next.count == 100 && next.allSatisfy { $0.missed == 0 && $0.scheduled != nil })
    }

    @Test func aRunThatIsALittleLateIsStillRun() {
        var schedule = Schedule()
        schedule.add("a", timing(.seconds(1)), at: start)
        #expect(schedule.take(at: start + .milliseconds(500.0)) == [.init(id: "a", scheduled: start, missed: 0)])
        let late = schedule.take(at: start + .milliseconds(1501.0))
        #expect(late == [.init(id: "a", scheduled: nil, missed: 1)])
        #expect(schedule.earliest == start + .seconds(2))
    }
}
