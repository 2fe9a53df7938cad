import ProbeNative
import Testing

@testable import ProbeAgent

@Suite struct EntryAgesTests {
    private let limit = Duration.seconds(600)

    @Test func nothingIsDroppedBeforeItsTime() {
        var ages = EntryAges()
        // One entry each ten seconds, looked at each ten seconds: dropped late by the step of a minute at most.
        for second in stride(from: 0, to: 3600, by: 10) {
            let next = UInt64(second / 10 + 2)
            let last = ages.expired(at: at(second), limit: limit, next: next)
            guard let last else { continue }
            let born = Int(last - 1) * 10
            #expect(second - born >= 600 && second - born <= 600 + 120)
        }
    }

    @Test func idleTimeKeepsNothing() {
        var ages = EntryAges()
        #expect(ages.expired(at: at(0), limit: limit, next: 5) == nil)
        for minute in 1..<10 { #expect(ages.expired(at: at(minute * 60), limit: limit, next: 5) == nil) }
        #expect(ages.expired(at: at(600), limit: limit, next: 5) == 4)
        #expect(ages.expired(at: at(660), limit: limit, next: 5) == nil)
    }

    private func at(_ seconds: Int) -> Instant { Instant(nanoseconds: Int64(seconds) * 1_000_000_000) }
}
