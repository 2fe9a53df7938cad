import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// The watchdog is fed by the reactors: one that hangs starves it.
struct SupervisorTests {
    @Test(.timeLimit(.minutes(2))) func aHangingReactorStarvesTheWatchdog() async throws {
        let folder = try TemporaryFolder("watchdog")
        let manager = try NotifySocket(folder.file("n"))
        let notifier = try ServiceNotifier(folder.file("n"), watchdog: .seconds(40))
        let time = ManualTime()
        let group = try ReactorGroup(count: 2)
        defer { group.stop() }
        let pulse = ReactorPulse(group.reactors, time: time)
        let sentence = Locked("well")
        let supervisor = Supervisor(pulse: pulse, notifier: notifier, time: time) { sentence.withLock { $0 } }
        let running = Task { try await supervisor.run() }
        defer { running.cancel() }
        /// One turn of the supervisor, with what the reactors were asked answered before.
        func turn(_ answering: [Reactor], by duration: Duration = .seconds(20)) async {
            await time.sleepers(1)
            for reactor in answering { await reactor.turn() }
            time.advance(by: duration)
        }
        await turn(group.reactors)
        #expect(try await manager.messages.next("food") == "WATCHDOG=1")
        #expect(try await manager.messages.next("status") == "STATUS=well")
        await turn(group.reactors)
        #expect(try await manager.messages.next("food") == "WATCHDOG=1")

        let (hang, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        group.reactors[1].submit {
            hang.signal()
            release.wait()
        }
        await onThread { hang.wait() }
        for _ in 1...5 { await turn([group.reactors[0]]) }
        sentence.withLock { $0 = "hanging" }
        await turn([group.reactors[0]])
        // At most one feed for what was answered before it hung, and none after.
        let next = try await manager.messages.next("status or food")
        if next == "WATCHDOG=1" {
            #expect(try await manager.messages.next("status") == "STATUS=hanging")
        } else {
            #expect(next == "STATUS=hanging")
        }
        #expect(pulse.lags[1] >= .seconds(60) && pulse.lags[0] < .seconds(60))

        release.signal()
        await turn(group.reactors)
        await turn(group.reactors)
        #expect(try await manager.messages.next("food") == "WATCHDOG=1")
        manager.stop()
    }

    @Test func whatTheEnvironmentSaysOfTheWatchdog() throws {
        let folder = try TemporaryFolder("watchdog")
        let manager = try NotifySocket(folder.file("n"))
        var environment = ["NOTIFY_SOCKET": folder.file("n")]
        #expect(try ServiceNotifier.find(in: environment)?.watchdog == nil)
        environment["WATCHDOG_USEC"] = "30000000"
        #expect(try ServiceNotifier.find(in: environment)?.watchdog == .seconds(30))
        environment["WATCHDOG_PID"] = "\(getpid())"
        #expect(try ServiceNotifier.find(in: environment)?.watchdog == .seconds(30))
        environment["WATCHDOG_PID"] = "1"
        #expect(try ServiceNotifier.find(in: environment)?.watchdog == nil)
        #expect(try ServiceNotifier.find(in: [:]) == nil)
        #expect(throws: ConfigurationError.self) { _ = try ServiceNotifier.find(in: ["NOTIFY_SOCKET": "/none/n"]) }
        manager.stop()
    }
}

extension Reactor {
    /// Returns when what was submitted before has run.
    fileprivate func turn() async {
        await withCheckedContinuation { continuation in submit { continuation.resume() } }
    }
}
