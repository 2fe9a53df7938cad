import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct TurnstileTests {
    @Test func passesAtThePaceOfTheClock() async throws {
        let time = ManualTime()
        let reactor = try started(time)
        defer { reactor.stop() }
        let passed = EventLog<Int>()
        async let done: Void = on(reactor) { reactor in
            let turnstile = Turnstile(reactor, perSecond: 10)
            for number in 0..<3 where await turnstile.turn() { passed.append(number) }
        }
        _ = try await passed.next { $0 == 0 }
        time.advance(by: .milliseconds(99))
        time.advance(by: .milliseconds(1))
        _ = try await passed.next { $0 == 1 }
        time.advance(by: .milliseconds(100))
        _ = try await passed.next { $0 == 2 }
        await done
    }

    @Test func aLateReactorMakesNoBurst() async throws {
        let time = ManualTime()
        let reactor = try started(time)
        defer { reactor.stop() }
        let start = time.now
        let passed = EventLog<Int>()
        async let done: Void = on(reactor) { reactor in
            let turnstile = Turnstile(reactor, perSecond: 100)
            for number in 0..<4 where await turnstile.turn() { passed.append(number) }
        }
        _ = try await passed.next { $0 == 0 }
        // A second late: of the hundred turns that it missed one passes, and the next comes a turn later.
        time.advance(by: .seconds(1))
        _ = try await passed.next { $0 == 1 }
        #expect(passed.pending.isEmpty)
        time.advance(by: .milliseconds(10))
        _ = try await passed.next { $0 == 2 }
        #expect(passed.pending.isEmpty)
        time.advance(by: .milliseconds(10))
        _ = try await passed.next { $0 == 3 }
        await done
        #expect(time.now - start == .milliseconds(1020))
    }

    @Test func cancellationEndsTheWait() async throws {
        let time = ManualTime()
        let reactor = try started(time)
        defer { reactor.stop() }
        let turns = await on(reactor) { reactor -> [Bool] in
            let turnstile = Turnstile(reactor, perSecond: 1)
            let first = await turnstile.turn()
            withUnsafeCurrentTask { $0?.cancel() }
            return [first, await turnstile.turn()]
        }
        #expect(turns == [true, false])
    }
}
