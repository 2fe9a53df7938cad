import Logging
import ProbeNative
import ProbeTesting
import ServiceLifecycle

@testable import ProbeAgent

/// Answers at once: well, unless its target is in `failing`, or in `unmeasured`.
struct ScriptedTool: Tool {
    let name = "scripted"
    let summary = "does as the test says"
    let failing = Locked<Set<String>>([])
    let unmeasured = Locked<Set<String>>([])

    func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> Int {
        reader.integer("number", default: 0, in: 0...9, help: "nothing")
    }
    func run(_ target: Host, _ parameters: Int, in context: ProbeContext) async -> ProbeOutcome {
        if unmeasured.withLock({ $0.contains("\(target)") }) {
            return ProbeOutcome(failure: ProbeFailure(.policy, .policyDenied, "It must not be."))
        }
        let fails = failing.withLock { $0.contains("\(target)") }
        return ProbeOutcome(failure: fails ? ProbeFailure(.connect, .connectionRefused, "It was refused.") : nil)
    }
}

/// Keeps every event.
final class RecordingOutput: WatchOutput {
    private let seen = Locked<[WatchEvent]>([])
    let name = "recording"
    var dropped: Int { 0 }
    func start(_ watch: Watch, _ logger: Logger) throws(ConfigurationError) {}
    func receive(_ event: WatchEvent) { seen.withLock { $0.append(event) } }
    func finish() async {}

    var events: [WatchEvent] { seen.withLock(\.self) }
    var results: [CheckResult] {
        seen.withLock { $0.compactMap { if case .result(let result) = $0 { result } else { nil } } }
    }
    var changes: [CheckChange] {
        seen.withLock { $0.compactMap { if case .change(let change) = $0 { change } else { nil } } }
    }
    var checks: [[String]] {
        seen.withLock { $0.compactMap { if case .checks(let checks) = $0 { checks.map(\.id) } else { nil } } }
    }
}

/// A watch on a manual clock.
final class WatchBench: Sendable {
    let time = ManualTime()
    let scripted = ScriptedTool()
    let gated = GatedTool()
    let output = RecordingOutput()
    let engine: Engine
    let folder: TemporaryFolder
    let watch: Watch
    private let group: ServiceGroup

    init(_ text: String, slots: Int = 256) throws {
        var configuration = EngineConfiguration()
        configuration.reactors = 1
        configuration.time = time
        engine = try Engine(configuration, registry: ToolRegistry([scripted, gated]))
        folder = try TemporaryFolder()
        let file = try WatchFile(path: try folder.write(text, to: "w.yaml"), registry: engine.registry)
        watch = Watch(file, engine: engine, slots: slots, outputs: [output], logger: .silent)
        group = ServiceGroup(services: [watch], logger: .silent)
    }

    deinit { engine.stop() }

    /// Runs the watch while `body` moves its clock.
    func run(_ body: () async throws -> Void) async throws {
        let running = Task { try await group.run() }
        while output.checks.isEmpty { await Task.yield() }
        while !watch.hasBegun(at: time.now) { await Task.yield() }
        await settle()
        try await body()
        await group.triggerGracefulShutdown()
        try await running.value
    }

    /// Moves the clock in steps, each of which is over when the reactor has done what was due.
    func advance(by duration: Duration, step: Duration = .seconds(1)) async {
        var left = duration
        while left > .zero {
            let next = min(step, left)
            time.advance(by: next)
            left -= next
            await settle()
        }
    }

    /// A tick starts runs by the reactor's mailbox, whose ends free slots by it: a few turns of the loop.
    func settle() async {
        while !watch.hasBegun(at: time.now) { await Task.yield() }
        for _ in 0..<6 { await turn() }
    }

    /// What the reactor's mailbox holds is done.
    func turn() async {
        await withCheckedContinuation { continuation in
            engine.reactors.reactors[0].submit { continuation.resume() }
        }
    }
}

extension Watch {
    var visits: Int { state.withLock(\.visits.count) }
    var nextRun: Instant? { state.withLock { $0.schedule.earliest } }

    /// The first tick, at the very start, is over.
    func hasBegun(at now: Instant) -> Bool { nextRun ?? now > now }
}
