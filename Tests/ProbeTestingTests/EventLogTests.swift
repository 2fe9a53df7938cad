import ProbeTesting
import Testing

@Suite struct EventLogTests {
    @Test func takesTheFirstMatchAndKeepsTheRest() async throws {
        let log = EventLog<Int>()
        for number in 1...4 { log.append(number) }
        #expect(try await log.next { $0.isMultiple(of: 2) } == 2)
        #expect(try await log.peek { $0 > 2 } == 3)
        #expect(log.pending == [1, 3, 4])
    }

    @Test func aWaiterGetsWhatComesLater() async throws {
        let log = EventLog<Int>()
        async let waited = log.next { $0 == 2 }
        async let seen = log.peek { $0 == 2 }
        log.append(1)
        log.append(2)
        log.append(2)
        #expect(try await waited == 2)
        #expect(try await seen == 2)
    }

    @Test func theEndAndTheLimitAreErrors() async throws {
        let log = EventLog<Int>()
        await #expect(throws: EventLog<Int>.Missing.self) { try await log.next(within: .milliseconds(1)) }
        log.finish()
        await #expect(throws: EventLog<Int>.Missing.self) { try await log.next(within: .seconds(600)) }
        try await log.finished()
    }

    /// On a busy machine a short limit can be over before its wait has really begun.
    @Test(.timeLimit(.minutes(1))) func aLimitThatIsOverAtOnceEndsTheWait() async {
        let log = EventLog<Int>()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<5_000 { group.addTask { _ = try? await log.next(within: .zero) } }
        }
    }
}
