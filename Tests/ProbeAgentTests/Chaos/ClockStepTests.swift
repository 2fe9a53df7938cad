import Foundation
import Logging
import ProbeNative
import ProbeTesting
import ServiceLifecycle
import Testing

@testable import ProbeAgent

/// The wall clock of a whole node steps by an hour, back and forth, while jobs run: only time stamps follow.
/// (`Fault.clock` does the same to the built program, by libfaketime.)
@Suite struct ClockStepTests {
    /// The kernel's clocks, the wall clock shifted.
    private struct ShiftedTime: TimeSource {
        let shift = SharedShift()
        private let system = SystemTime()

        var now: Instant { system.now }
        var wallTime: WallTime {
            WallTime(nanoseconds: system.wallTime.nanoseconds + shift.seconds * 1_000_000_000)
        }
        func realDelay(until instant: Instant) -> Int64? { system.realDelay(until: instant) }
        func sleep(until instant: Instant) async throws { try await system.sleep(until: instant) }
        func onAdvance(_ body: @escaping @Sendable () -> Void) {}
    }

    private final class SharedShift: Sendable {
        private let state = Locked<Int64>(0)
        var seconds: Int64 {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    @Test(.timeLimit(.minutes(20))) func onlyTimeStampsFollow() async throws {
        var random = ChaosPlan.generator("injected clock")
        try await FakeController.with { controller in
            let time = ShiftedTime()
            var settings = EngineConfiguration()
            settings.time = time
            let engine = try Engine(settings, registry: ToolRegistry([GatedTool()]))
            defer { engine.stop() }
            var configuration = AgentConfiguration(backend: controller.url, nodeUUID: "clock", apiKey: Secret("key"))
            configuration.heartbeat = .seconds(1)
            let agent = try Agent(configuration: configuration, engine: engine, logger: .silent)
            let group = ServiceGroup(services: [agent], logger: .silent)
            async let running: Void = group.run()
            _ = try await controller.next("authentication")

            for round in 0..<ChaosPlan.rounds {
                // The gate never opens: the job ends by its deadline, on the monotonic clock.
                let id = "step-\(round)"
                try await controller.sendJob(id, tool: "gated", target: "a.test", extra: ["timeout": 0.4])
                let shift = [3600, -3600].randomElement(using: &random) ?? 0
                time.shift.seconds = Int64(shift)
                let answer = try await controller.response(to: id, within: .seconds(60))
                #expect(answer["result"]?["error_code"] == "deadline_exceeded", "\(answer.text)")
                let spent = answer["result"]?["timing"]?["run_ms"]?.double ?? -1
                #expect((350...600_000).contains(spent), "\(answer.text)")
                let beat = try await controller.nextMessage(type: "heartbeat") { beat in
                    Self.ahead(beat).map { abs($0 - Double(shift)) < 600 } == true
                }
                #expect((beat["uptime"]?.int ?? -1) >= 0 && (beat["uptime"]?.int ?? 9999) < 1800, "\(beat.text)")
            }
            // One connection for all of it.
            #expect(!controller.events.pending.contains { $0.name == "closed" })
            await group.triggerGracefulShutdown()
            try await running
        }
    }

    /// Seconds that the node's clock is ahead.
    private static func ahead(_ beat: JSONValue) -> Double? {
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return beat["timestamp"]?.string.flatMap { try? format.parse($0) }?.timeIntervalSinceNow
    }
}
