import Foundation
import ProbeNative
import ProbeProtocol
import ProbeTesting
import Testing

@testable import ProbeAgent

/// Floods, and a backend that takes no answers: what is held is counted in bytes and jobs.
@Suite struct BackpressureTests {
    private struct Bench {
        let time = ManualTime()
        let tool = GatedTool()
        let engine: Engine
        let outbox: Outbox
        let dispatcher: Dispatcher

        init(
            slots: Int = 4, queueLimit: Int = 4096, outboxBytes: Int = 64 << 20, audit: AuditLog? = nil
        ) throws {
            var configuration = EngineConfiguration()
            configuration.reactors = 2
            configuration.time = time
            engine = try Engine(configuration, registry: ToolRegistry([tool]))
            var limits = OutboxLimits()
            limits.bytes = outboxBytes
            outbox = Outbox(time: time, limits: limits)
            dispatcher = Dispatcher(
                engine: engine, sink: outbox, slots: slots, queueLimit: queueLimit, audit: audit, logger: .silent)
        }

        func send(_ id: String, size: Int = 200) {
            dispatcher.receive(
                JobMessage(requestID: id, tool: "gated", target: "example.com", timeout: 600, size: size),
                at: time.now)
        }

        func pulled() -> [OutboundEntry] {
            outbox.open {}
            return outbox.pull(atMost: 1 << 30)
        }

        func fill(bytes: Int) { outbox.append(requestID: "filler", [UInt8](repeating: 0x20, count: bytes)) }
    }

    @Test func aRefusalWithoutAnAnswerIsAudited() async throws {
        let folder = try TemporaryFolder()
        let audit = try AuditLog(path: folder.file("audit"))
        try audit.start()
        let bench = try Bench(outboxBytes: 1 << 20, audit: audit)
        defer { bench.engine.stop() }
        bench.fill(bytes: 2 << 20)
        bench.send("unheard")
        #expect(bench.dispatcher.counts.unanswered == 1)
        await audit.finish()
        let line = try JSONValue(parsing: try String(contentsOfFile: folder.file("audit"), encoding: .utf8))
        #expect(line["request_id"] == "unheard" && line["verdict"] == "refused" && line["code"] == "queue_full")
    }

    @Test func theSameJobTenThousandTimesIsOneJob() async throws {
        let bench = try Bench()
        defer { bench.engine.stop() }
        for _ in 0..<10_000 { bench.send("same") }
        await bench.tool.gate.arrivals(1)
        #expect(bench.dispatcher.counts.inFlight == 1 && bench.dispatcher.counts.queued == 0)
        bench.tool.gate.open()
        await bench.dispatcher.idle()
        // Answered: the flood goes on, sent or not, settled or not, and adds nothing.
        for round in 0..<3 {
            for _ in 0..<1000 { bench.send("same") }
            #expect(bench.outbox.unsettled == 1, "round \(round)")
            bench.outbox.open {}
            #expect(bench.outbox.pull(atMost: 1 << 20).count == 1)
            for _ in 0..<1000 { bench.send("same") }
            #expect(bench.outbox.pull(atMost: 1 << 20).count == 1, "asked for again: once more, not a thousand times")
            bench.outbox.settle(requestID: "same")
        }
        #expect(bench.tool.gate.arrived == 1)
    }

    @Test func twentyThousandJobsAtOnceAreBoundedAndAllAnswered() async throws {
        let bench = try Bench(slots: 8)
        defer { bench.engine.stop() }
        for number in 0..<20_000 { bench.send("r\(number)") }
        await bench.tool.gate.arrivals(8)
        let counts = bench.dispatcher.counts
        #expect(counts.inFlight == 8 && counts.queued == 4096 && counts.rejected == 20_000 - 4104)
        bench.tool.gate.open()
        await bench.dispatcher.idle()
        #expect(bench.dispatcher.counts.executed == 4104)
        #expect(bench.outbox.unsettled == 20_000)
    }

    @Test func aFloodIsRefusedWithoutAnswersOnceNoneGetsOut() async throws {
        let bench = try Bench(slots: 2, queueLimit: 2, outboxBytes: 1 << 20)
        defer { bench.engine.stop() }
        for id in ["a", "b", "c", "d"] { bench.send(id) }
        await bench.tool.gate.arrivals(2)
        for number in 0..<20_000 { bench.send("flood\(number)") }
        let counts = bench.dispatcher.counts
        #expect(counts.rejected == 20_000 && counts.unanswered > 0)
        #expect(bench.outbox.unsettled == 20_000 - counts.unanswered)
        let held = bench.outbox.counts.unsettledBytes
        #expect(held >= (1 << 20) * 5 / 4 && held < (1 << 20) * 5 / 4 + 2000)
        // What was taken before is answered: results never depend on room. What waited is refused rather than run.
        bench.tool.gate.open()
        await bench.dispatcher.idle()
        let answers = Set(bench.pulled().map(\.requestID))
        #expect(answers.isSuperset(of: ["a", "b"]))
        #expect(bench.tool.gate.arrived == 2)
        // The backend takes them: jobs are taken again.
        bench.outbox.settle(through: .max)
        bench.send("after")
        await bench.dispatcher.idle()
        #expect(bench.pulled().map(\.requestID) == ["after"])
    }

    @Test func whatWaitsIsRefusedOnceResultsPileUp() async throws {
        let bench = try Bench(slots: 1, outboxBytes: 1 << 20)
        defer { bench.engine.stop() }
        for number in 0..<1000 { bench.send("r\(number)") }
        await bench.tool.gate.arrivals(1)
        bench.fill(bytes: 1 << 20)
        bench.tool.gate.open()
        await bench.dispatcher.idle()
        let counts = bench.dispatcher.counts
        #expect(counts.executed == 1 && counts.rejected == 999)
        #expect(bench.outbox.unsettled + counts.unanswered == 1001)
    }

    @Test func largeJobsAreBoundedInBytes() async throws {
        let bench = try Bench(slots: 1)
        defer { bench.engine.stop() }
        for number in 0..<200 { bench.send("r\(number)", size: 1 << 20) }
        await bench.tool.gate.arrivals(1)
        #expect(bench.dispatcher.counts.queued == 64 && bench.dispatcher.counts.rejected == 135)
        bench.tool.gate.open()
        await bench.dispatcher.idle()
        #expect(bench.outbox.unsettled == 200)
    }

    @Test func aStormOfCancelsLeavesOneAnswerEach() async throws {
        let bench = try Bench(slots: 8)
        defer { bench.engine.stop() }
        for number in 0..<2000 { bench.send("r\(number)") }
        await bench.tool.gate.arrivals(8)
        for _ in 0..<3 { for number in 0..<3000 { bench.dispatcher.cancel(requestID: "r\(number)") } }
        await bench.dispatcher.idle()
        #expect(bench.outbox.unsettled == 2000 && bench.dispatcher.counts.queued == 0)
        #expect(bench.dispatcher.counts.inFlight == 0)
    }
}
