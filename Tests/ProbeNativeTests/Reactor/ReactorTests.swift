import Glibc
import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct ReactorTests {
    @Test func tasksStayOnTheReactorsThread() async throws {
        let reactor = try started()
        defer { reactor.stop() }
        let stayed = await on(reactor) { reactor in
            var stayed = reactor.isOnThread
            await Task.yield()
            stayed = stayed && reactor.isOnThread
            _ = await reactor.park(until: reactor.now + .milliseconds(2.0))
            stayed = stayed && reactor.isOnThread
            async let child = reactor.isOnThread
            return await child && stayed
        }
        #expect(stayed)
    }

    /// A program that embeds the engine handles signals as it likes; a measurement must not see any of them.
    @Test func noSignalReachesAReactor() async throws {
        let reactor = try started()
        defer { reactor.stop() }
        let blocked = await on(reactor) { _ in
            var mask = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &mask)
            return [SIGINT, SIGPIPE, SIGALRM, SIGUSR1, SIGSEGV].map { sigismember(&mask, $0) == 1 }
        }
        #expect(blocked == [true, true, true, true, false])
    }

    /// A wait checks whether it is needed and then parks: an event between the two would be lost.
    @Test func callingAnAsyncFunctionLetsNobodyElseRun() async throws {
        let reactor = try started()
        defer { reactor.stop() }
        let order = Locked<[Int]>([])
        let tasks = await on(reactor) { reactor in
            (1...3).map { number in
                reactor.spawn {
                    for _ in 1...3 { await note(number, in: order) }
                }
            }
        }
        for task in tasks { await task.value }
        #expect(order.withLock { $0 } == [1, 1, 1, 2, 2, 2, 3, 3, 3])
    }

    private func note(_ number: Int, in order: Locked<[Int]>) async { order.withLock { $0.append(number) } }

    @Test func parkReturnsForTheFirstOfWakeTimeoutAndCancel() async throws {
        let time = ManualTime()
        let reactor = try started(time)
        defer { reactor.stop() }

        let woken = await on(reactor) { reactor in
            await reactor.park(until: reactor.now + .seconds(1)) { token in reactor.submit { reactor.wake(token) } }
        }
        #expect(woken == .ready)

        let early = await on(reactor) { reactor in
            withUnsafeCurrentTask { $0?.cancel() }
            return await reactor.park()
        }
        #expect(early == .cancelled)

        async let timedOut = on(reactor) { reactor in
            await reactor.park(until: reactor.now + .seconds(5)) { _ in time.advance(by: .seconds(6)) }
        }
        #expect(await timedOut == .timeout)
    }

    @Test func cancellationFromAnotherThreadWakes() async throws {
        let reactor = try started()
        defer { reactor.stop() }
        let reason = Locked<WakeReason?>(nil)
        let (parked, announce) = AsyncStream<Void>.makeStream()
        let task = reactor.spawn {
            let result = await reactor.park { _ in announce.yield() }
            reason.withLock { $0 = result }
        }
        for await _ in parked { break }
        task.cancel()
        await task.value
        #expect(reason.withLock { $0 } == .cancelled)
    }

    @Test func aStaleTokenWakesNobody() async throws {
        let reactor = try started()
        defer { reactor.stop() }
        let second = await on(reactor) { reactor -> WakeReason in
            var stale: WaitToken?
            _ = await reactor.park(until: reactor.now) { stale = $0 }
            let old = stale
            return await reactor.park(until: reactor.now + .milliseconds(5.0)) { _ in
                if let old { reactor.wake(old) }
            }
        }
        #expect(second == .timeout)
    }

    @Test func theDelayLogKeepsTheWorstSinceAnInstant() {
        var log = DelayLog()
        func at(_ ms: Int64) -> Instant { Instant(nanoseconds: ms * 1_000_000) }
        log.record(.milliseconds(9), at: at(10))
        log.record(.milliseconds(2), at: at(20))
        log.record(.milliseconds(5), at: at(30))
        #expect(log.worst(since: at(0)) == .milliseconds(9))
        #expect(log.worst(since: at(11)) == .milliseconds(5))
        #expect(log.worst(since: at(31)) == .zero)
    }
}

@Suite struct TimerHeapTests {
    @Test func popsInOrderAndForgetsWhatWasRemoved() {
        var generator = SystemRandomNumberGenerator()
        var heap = TimerHeap<Int>()
        var tokens: [Int: TimerHeap<Int>.Token] = [:]
        var due: [Int: Instant] = [:]
        for number in 0..<2000 {
            let instant = Instant(nanoseconds: Int64.random(in: 0..<500, using: &generator))
            tokens[number] = heap.insert(number, due: instant)
            due[number] = instant
            if number % 3 == 0, let victim = tokens.keys.randomElement(using: &generator), let token = tokens[victim] {
                #expect(heap.remove(token) == victim)
                #expect(heap.remove(token) == nil)
                tokens[victim] = nil
                due[victim] = nil
            }
        }
        #expect(heap.count == due.count)
        var last = Instant(nanoseconds: -1)
        while let number = heap.popDue(at: .distantFuture) {
            let instant = due.removeValue(forKey: number)
            #expect(instant.map { $0 >= last } == true)
            last = instant ?? last
        }
        #expect(due.isEmpty)
    }
}

@Suite struct BudgetTests {
    @Test func servesInOrderOfArrivalAndGivesBack() async throws {
        let time = ManualTime()
        let reactor = try started(time)
        defer { reactor.stop() }
        let order = await on(reactor) { reactor -> [String] in
            let budget = Budget(reactor, limit: 3)
            var order: [String] = []
            var first = try? await budget.draw(3, until: .distantFuture, stage: .connect)
            order.append("used \(budget.used)")
            reactor.schedule(at: reactor.now + .seconds(1)) { first = nil }
            async let advance: Void = time.advance(by: .seconds(2))
            let second = try? await budget.draw(2, until: .distantFuture, stage: .connect)
            await advance
            order.append("used \(budget.used)")
            withExtendedLifetime((first, second)) {}
            return order
        }
        #expect(order == ["used 3", "used 2"])
    }

    @Test func failsAtTheDeadline() async throws {
        let reactor = try started()
        defer { reactor.stop() }
        let code = await on(reactor) { reactor -> ErrorCode? in
            let budget = Budget(reactor, limit: 1)
            let held = try? await budget.draw(until: .distantFuture, stage: .connect)
            defer { withExtendedLifetime(held) {} }
            do throws(ProbeFailure) {
                _ = try await budget.draw(until: reactor.now + .milliseconds(5.0), stage: .connect)
                return nil
            } catch { return error.code }
        }
        #expect(code == .localResourceExhausted)
    }
}

func started(_ time: any TimeSource = SystemTime()) throws -> Reactor {
    let reactor = try Reactor(time: time)
    try reactor.start()
    return reactor
}

/// Runs `body` as a task of the reactor and returns its value.
func on<Value: Sendable>(_ reactor: Reactor, _ body: @escaping @Sendable (Reactor) async -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        reactor.spawn {
            let value = await body(reactor)
            // The reactor's thread may be one of a lab.
            HomeThread.shared.perform { continuation.resume(returning: value) }
        }
    }
}
