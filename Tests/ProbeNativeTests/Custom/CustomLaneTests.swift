import Glibc
import ProbeTesting
import Synchronization
import Testing

@testable import ProbeNative

/// Blocks its thread until the test lets it go, deaf to everything.
private struct BlockingTool: Tool {
    let name = "block"
    let summary = "blocks"
    let gate = Gate()

    final class Gate: Sendable {
        private let semaphore = try? Semaphore()
        let entered = EventLog<String>()
        func wait() {
            entered.append("in")
            semaphore?.wait()
        }
        func open() { semaphore?.signal() }
    }
    func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) {}
    func run(_ target: Host, _ parameters: Void, in context: ProbeContext) async -> ProbeOutcome {
        gate.wait()
        return ProbeOutcome()
    }
}

/// Looks up its target where sockets live, and says on which threads it was.
private struct LookUpTool: Tool {
    let name = "look_up"
    let summary = "resolves on the reactor"
    struct Found: Report {
        var address: String
        var wasOnReactor: Bool
        var isOnReactor: Bool
        func write(to writer: inout some ReportWriter) {}
    }
    func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) {}
    func run(_ target: Host, _ parameters: Void, in context: ProbeContext) async -> ProbeOutcome {
        do throws(ProbeFailure) {
            let (address, wasOnReactor) = try await context.onReactor { inner throws(ProbeFailure) in
                (try await inner.resolve(target).addresses.first, inner.reactor.isOnThread)
            }
            return ProbeOutcome(
                Found(
                    address: "\(address?.description ?? "none")", wasOnReactor: wasOnReactor,
                    isOnReactor: context.reactor.isOnThread))
        } catch {
            return ProbeOutcome(failure: error)
        }
    }
}

@Suite(.timeLimit(.minutes(2))) struct CustomLaneTests {
    private func engine(places: Int = 2, time: any TimeSource = SystemTime(), _ add: (inout ToolRegistry) -> Void)
        throws
        -> Engine
    {
        var registry = ToolRegistry([], lane: CustomLane(places: places))
        add(&registry)
        var configuration = EngineConfiguration()
        configuration.reactors = 1
        configuration.time = time
        return try Engine(configuration, registry: registry)
    }

    private func probe(_ engine: Engine, _ tool: String, _ parameters: [ParameterValue.Member] = []) throws
        -> PreparedProbe
    {
        try #require(engine.registry[tool]).prepare(target: "127.0.0.1", parameters: parameters)
    }

    @Test func aToolThatBlocksHarmsNobodyElse() async throws {
        let (time, blocking) = (ManualTime(), BlockingTool())
        let engine = try engine(time: time) { registry in
            registry.add(blocking)
            registry.add(LookUpTool(), isReactorSafe: true)
        }
        defer { engine.stop() }
        let (lane, probe) = (engine.registry.lane, try probe(engine, "block"))
        let answers = EventLog<ProbeResult>()
        for _ in 0..<2 { engine.start(probe, deadline: time.now + .seconds(5)) { answers.append($0) } }
        for _ in 0..<2 { _ = try await blocking.gate.entered.next("a run") }
        // No place is left, for added tools alone.
        #expect(await engine.run(probe).outcome.failure?.code == .queueFull)
        #expect(await engine.run(try self.probe(engine, "look_up")).outcome.failure == nil)
        // At the deadline the jobs are answered; their places stay taken, and are counted.
        time.advance(by: .seconds(5))
        while lane.counts.overdue < 2 {
            time.advance(by: .milliseconds(100))
            await Task.yield()
        }
        for _ in 0..<2 {
            let result = try await answers.next("an answer")
            #expect(result.outcome.failure?.code == .deadlineExceeded)
        }
        #expect(lane.counts == .init(places: 2, running: 2, overdue: 2, refused: 1))
        #expect(await engine.run(probe).outcome.failure?.code == .queueFull)
        for _ in 0..<2 { blocking.gate.open() }
        while lane.counts.running > 0 { await Task.yield() }
        #expect(lane.counts == .init(places: 2, refused: 2))
        blocking.gate.open()
        #expect(await engine.run(probe).outcome.failure == nil)
    }

    @Test func theReactorsSocketsAndNamesAreReached() async throws {
        let engine = try engine { $0.add(LookUpTool()) }
        defer { engine.stop() }
        let found = try #require(await engine.run(try probe(engine, "look_up")).outcome.report as? LookUpTool.Found)
        #expect(found.address == "127.0.0.1" && found.wasOnReactor && !found.isOnReactor)
    }

    @Test func closuresGetWhatWasAskedAndGiveTheirFields() async throws {
        let engine = try engine { registry in
            registry.add("greet") { tool, target, parameters, timeout in
                [
                    .init("said", .string("\(tool) \(target) \(parameters.map(\.name)) \(timeout > .seconds(1))")),
                    .init("deep", .object([.init("list", .array([.integer(1), .null]))])),
                ]
            }
        }
        defer { engine.stop() }
        let result = await engine.run(
            try probe(engine, "greet", [.init("word", .string("x")), .init("ip_version", .integer(4))]))
        let found = try #require(result.outcome.report as? ClosureTool.Found)
        #expect(found.members.first?.value == .string("greet 127.0.0.1 [\"word\"] true"))
        #expect(result.ignoredParameters.isEmpty)
    }

    private struct Broken: Error, CustomStringConvertible { let description = "it \u{1b}broke" }

    @Test func whatAClosureThrowsIsAnswered() async throws {
        let engine = try engine { registry in
            registry.add("target") { _, _, _, _ in throw ProbeFailure(.connect, .connectionRefused, "Refused.") }
            registry.add("input") { _, _, _, _ in throw InvalidInput("word must be given.") }
            registry.add("broken") { _, _, _, _ in throw Broken() }
            registry.add("own") { _, _, _, _ in [.init("success", .bool(true))] }
        }
        defer { engine.stop() }
        for (tool, code) in [
            ("target", ErrorCode.connectionRefused), ("input", .invalidParameters), ("broken", .internalError),
            ("own", .internalError),
        ] {
            let failure = await engine.run(try probe(engine, tool)).outcome.failure
            #expect(failure?.code == code, "\(tool): \(failure.debugDescription)")
            #expect(failure?.detail.contains("\u{1b}") == false)
        }
    }

    /// A tool that heeds its cancellation says what it has.
    @Test func aCancelledToolKeepsItsWord() async throws {
        let started = EventLog<String>()
        let engine = try engine { registry in
            registry.add("sleep") { _, _, _, _ in
                started.append("in")
                try await Task.sleep(for: .seconds(3600))
                return []
            }
        }
        defer { engine.stop() }
        let answers = EventLog<ProbeResult>()
        let running = engine.start(try probe(engine, "sleep"), deadline: engine.time.now + .seconds(3600)) {
            answers.append($0)
        }
        _ = try await started.next("start")
        running.stop(.cancelled)
        #expect(try await answers.next("answer").outcome.failure?.code == .cancelled)
        while engine.registry.lane.counts.running > 0 { await Task.yield() }
        #expect(engine.registry.lane.counts == .init(places: 2))
    }
}
