import Testing

@testable import ProbeNative

@Suite struct TraceScheduleTests {
    /// Plays a path: `answer` says what hop h does (nil: silent, true: the end). Returns the hops that were asked.
    private func play(
        _ schedule: inout TraceSchedule, window: Int, answer: (Int) -> Bool?
    ) -> [Int] {
        var asked: [Int] = []
        while true {
            var batch: [Int] = []
            while let hop = schedule.next(window: window) { batch.append(hop) }
            asked += batch
            if batch.isEmpty { break }
            // Answers come before silence is believed.
            for hop in batch { if let isFinal = answer(hop) { schedule.answered(hop, isFinal: isFinal) } }
            for hop in batch where answer(hop) == nil { schedule.silent(hop) }
        }
        return asked
    }

    @Test(arguments: [1, 2, 5, 16])
    func endsAtTheTarget(_ window: Int) {
        var schedule = TraceSchedule(first: 1, last: 30, queries: 3, gapLimit: 5)
        let asked = play(&schedule, window: window) { $0 >= 7 }
        #expect(schedule.isDone && schedule.isEndFound)
        #expect(schedule.last == 7)
        for hop in 1...7 { #expect(asked.count { $0 == hop } == 3, "hop \(hop)") }
        // No more beyond the target than the window holds.
        #expect(asked.count { $0 > 7 } < window)
    }

    @Test func oneAfterTheOtherAsksNothingBeyond() {
        var schedule = TraceSchedule(first: 1, last: 30, queries: 2, gapLimit: 5)
        #expect(play(&schedule, window: 1) { $0 == 3 } == [1, 1, 2, 2, 3, 3])
    }

    @Test func aGapEndsIt() {
        var schedule = TraceSchedule(first: 1, last: 30, queries: 1, gapLimit: 4)
        let asked = play(&schedule, window: 1) { $0 <= 3 ? false : nil }
        #expect(asked == Array(1...7))
        #expect(schedule.last == 7 && !schedule.isEndFound && schedule.lastAnswered == 3)
    }

    @Test func aShorterGapDoesNot() {
        var schedule = TraceSchedule(first: 1, last: 30, queries: 1, gapLimit: 4)
        let asked = play(&schedule, window: 1) { [4, 5, 6].contains($0) ? nil : $0 == 9 }
        #expect(asked == Array(1...9))
        #expect(schedule.last == 9)
    }

    @Test func whatAnswersBehindAGapClosesIt() {
        // All in flight at once: hop 8 answers while 3 to 7 are still awaited.
        var schedule = TraceSchedule(first: 1, last: 30, queries: 1, gapLimit: 3)
        let asked = play(&schedule, window: 10) { (3...7).contains($0) ? nil : $0 >= 10 }
        #expect(schedule.last == 10 && schedule.isEndFound)
        #expect(asked.contains(10))
    }

    @Test func farthestHopIsTheLast() {
        var schedule = TraceSchedule(first: 3, last: 5, queries: 2, gapLimit: 5)
        #expect(play(&schedule, window: 4) { _ in false } == [3, 3, 4, 4, 5, 5])
        #expect(schedule.last == 5 && schedule.isDone)
    }

    @Test func aKnownLengthIsKept() {
        var schedule = TraceSchedule(first: 1, last: 30, queries: 1, gapLimit: 5, expected: 4)
        #expect(play(&schedule, window: 32) { $0 == 4 } == [1, 2, 3, 4])
        // A lost packet of the target changes nothing.
        schedule = TraceSchedule(first: 1, last: 30, queries: 1, gapLimit: 5, expected: 4)
        #expect(play(&schedule, window: 32) { $0 == 4 ? nil : false } == [1, 2, 3, 4])
        #expect(schedule.last == 4)
    }

    @Test func aPathThatHasGrownIsFollowed() {
        var schedule = TraceSchedule(first: 1, last: 30, queries: 1, gapLimit: 5, expected: 4)
        #expect(play(&schedule, window: 32) { $0 >= 6 } == [1, 2, 3, 4, 5, 6])
        #expect(schedule.last == 6)
    }

    @Test func aPathThatHasShrunkIsCut() {
        var schedule = TraceSchedule(first: 1, last: 30, queries: 1, gapLimit: 5, expected: 6)
        _ = play(&schedule, window: 32) { $0 >= 3 }
        #expect(schedule.last == 3 && schedule.isDone)
    }
}
