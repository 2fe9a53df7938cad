import Foundation
import ProbeNative
import ProbeProtocol
import ProbeTesting
import Testing

@testable import ProbeAgent

@Suite struct DispatcherTests {
    private struct Bench {
        let time = ManualTime()
        let tool = GatedTool()
        let engine: Engine
        let outbox: Outbox
        let dispatcher: Dispatcher
        let progress: Recorder

        init(slots: Int = 4, queueLimit: Int = 4) throws {
            var configuration = EngineConfiguration()
            configuration.reactors = 2
            configuration.time = time
            engine = try Engine(configuration, registry: ToolRegistry([tool]))
            outbox = Outbox(time: time)
            let progress = Recorder(time: time)
            self.progress = progress
            dispatcher = Dispatcher(
                engine: engine, sink: outbox, slots: slots, queueLimit: queueLimit, logger: .silent
            ) { progress.add($0) }
        }

        func send(_ id: String, timeout: Double? = nil, steps: Int = 0, weight: Int = 1, progress: Bool = false) {
            dispatcher.receive(
                JobMessage(
                    requestID: id, tool: "gated", target: "example.com",
                    parameters: [
                        .init("steps", .integer(Int64(steps))), .init("weight", .integer(Int64(weight))),
                    ], timeout: timeout, wantsProgress: progress),
                at: time.now)
        }

        /// Every answer so far: request id and code, in order.
        func answers() throws -> [String: String] {
            outbox.open {}
            var answers: [String: String] = [:]
            for entry in outbox.pull(atMost: 1 << 30) {
                let frame = try #require(
                    JSONSerialization.jsonObject(with: Data(entry.bytes)) as? [String: Any])
                let result = try #require(frame["result"] as? [String: Any])
                #expect(answers[entry.requestID] == nil, "answered twice: \(entry.requestID)")
                answers[entry.requestID] = result["error_code"] as? String ?? "ok"
            }
            return answers
        }
    }

    private final class Recorder: Sendable {
        private let seen = Locked<[(frame: ProgressFrame, at: Instant)]>([])
        private let time: ManualTime
        init(time: ManualTime) { self.time = time }
        func add(_ frame: ProgressFrame) { seen.withLock { $0.append((frame, time.now)) } }
        var frames: [(frame: ProgressFrame, at: Instant)] { seen.withLock { $0 } }
    }

    @Test func eachJobGetsOneAnswer() async throws {
        let bench = try Bench()
        defer { bench.engine.stop() }
        for number in 0..<8 { bench.send("r\(number)") }
        bench.send("r8")
        bench.send("r9")
        await bench.tool.gate.arrivals(4)
        #expect(bench.dispatcher.counts.inFlight == 4 && bench.dispatcher.counts.queued == 4)
        bench.tool.gate.open()
        await bench.dispatcher.idle()
        let answers = try bench.answers()
        #expect(answers.count == 10)
        #expect((0..<8).allSatisfy { answers["r\($0)"] == "ok" })
        #expect(answers["r8"] == "queue_full" && answers["r9"] == "queue_full")
        #expect(bench.dispatcher.counts.executed == 8 && bench.dispatcher.counts.rejected == 2)
    }

    @Test func aJobIsNeverRunTwice() async throws {
        let bench = try Bench()
        defer { bench.engine.stop() }
        bench.send("r")
        bench.send("r")
        await bench.tool.gate.arrivals(1)
        bench.tool.gate.open()
        await bench.dispatcher.idle()
        bench.send("r")
        await bench.dispatcher.idle()
        #expect(bench.dispatcher.counts.executed == 1)
        #expect(try bench.answers() == ["r": "ok"])
    }

    @Test func deadlinesCutInTheQueueAndOnTheWay() async throws {
        let bench = try Bench(slots: 1)
        defer { bench.engine.stop() }
        bench.send("running", timeout: 5)
        await bench.tool.gate.arrivals(1)
        bench.send("queued", timeout: 2)
        bench.time.advance(by: .seconds(6))
        await bench.dispatcher.idle()
        #expect(try bench.answers() == ["running": "deadline_exceeded", "queued": "deadline_exceeded"])
        #expect(bench.dispatcher.counts.inFlight == 0)
    }

    @Test func cancelReachesJobsWhereverTheyAre() async throws {
        let bench = try Bench(slots: 1)
        defer { bench.engine.stop() }
        bench.send("running")
        await bench.tool.gate.arrivals(1)
        bench.send("queued")
        bench.dispatcher.cancel(requestID: "queued")
        bench.dispatcher.cancel(requestID: "running")
        bench.dispatcher.cancel(requestID: "unknown")
        await bench.dispatcher.idle()
        #expect(try bench.answers() == ["running": "cancelled", "queued": "cancelled"])
    }

    @Test func drainingAnswersTheQueuedLetsTheRunningEndAndTakesNoMore() async throws {
        let bench = try Bench(slots: 2)
        defer { bench.engine.stop() }
        bench.send("a")
        bench.send("b")
        await bench.tool.gate.arrivals(2)
        bench.send("queued")
        bench.dispatcher.drain()
        bench.send("late")
        #expect(try bench.answers() == ["queued": "shutting_down", "late": "shutting_down"])
        bench.dispatcher.stopRunning()
        await bench.dispatcher.idle()
        #expect(
            try bench.answers() == [
                "queued": "shutting_down", "late": "shutting_down", "a": "shutting_down", "b": "shutting_down",
            ])
    }

    @Test func progressIsNumberedBoundedAndOnlyForThoseWhoAsk() async throws {
        let bench = try Bench()
        defer { bench.engine.stop() }
        bench.send("asks", steps: 9, progress: true)
        bench.send("does not", steps: 9)
        // Nine reports in 320 ms.
        while bench.tool.gate.arrived < 2 {
            bench.time.advance(by: .milliseconds(10))
            try await Task.sleep(for: .milliseconds(1))
        }
        let frames = bench.progress.frames
        #expect(frames.map(\.frame.sequence) == Array(1...frames.count))
        #expect(frames.allSatisfy { $0.frame.requestID == "asks" })
        #expect((2...4).contains(frames.count), "\(frames.count)")
        #expect(zip(frames, frames.dropFirst()).allSatisfy { $1.at - $0.at >= ProgressReporter.interval })
        bench.tool.gate.open()
        await bench.dispatcher.idle()
    }

    @Test func noProgressFollowsTheAnswer() {
        let seen = Locked<[Int]>([])
        let time = ManualTime()
        let reporter = ProgressReporter("r", time: time) { frame in seen.withLock { $0.append(frame.sequence) } }
        reporter.report(EmptyReport())
        reporter.report(EmptyReport())
        time.advance(by: ProgressReporter.interval)
        reporter.report(EmptyReport())
        reporter.end()
        time.advance(by: .seconds(1))
        reporter.report(EmptyReport())
        #expect(seen.withLock { $0 } == [1, 2])
    }

    @Test func aCancelledHeavyJobLetsThoseBehindItStart() async throws {
        let bench = try Bench(slots: 2)
        defer { bench.engine.stop() }
        bench.send("running")
        await bench.tool.gate.arrivals(1)
        bench.send("heavy", weight: 2)
        bench.send("light")
        bench.dispatcher.cancel(requestID: "heavy")
        await bench.tool.gate.arrivals(2)
        bench.tool.gate.open()
        await bench.dispatcher.idle()
        #expect(try bench.answers() == ["running": "ok", "heavy": "cancelled", "light": "ok"])
    }

    @Test func aCancelAfterTheAnswerChangesNothing() async throws {
        let bench = try Bench()
        defer { bench.engine.stop() }
        bench.tool.gate.open()
        bench.send("r")
        await bench.dispatcher.idle()
        bench.dispatcher.cancel(requestID: "r")
        await bench.dispatcher.idle()
        #expect(try bench.answers() == ["r": "ok"])
    }

    /// From several threads, several times each, in whatever state the jobs are.
    @Test func aStormOfCancelsGivesOneAnswerEach() async throws {
        let bench = try Bench(slots: 16, queueLimit: 5000)
        defer { bench.engine.stop() }
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for number in 0..<1000 { bench.send("r\(thread)-\(number)") }
        }
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for number in 0..<1000 { bench.dispatcher.cancel(requestID: "r\(thread % 4)-\(number)") }
        }
        await bench.dispatcher.idle()
        let answers = try bench.answers()
        #expect(answers.count == 4000 && answers.values.allSatisfy { $0 == "cancelled" })
        bench.tool.gate.open()
        bench.send("after")
        await bench.dispatcher.idle()
        #expect(try bench.answers()["after"] == "ok")
    }

    /// Thousands of jobs over few slots with cancels and deadlines mixed in: each answered once, no slot lost.
    @Test func noSlotIsEverLost() async throws {
        let bench = try Bench(slots: 8, queueLimit: 5000)
        defer { bench.engine.stop() }
        bench.tool.gate.open()
        for number in 0..<4000 {
            bench.send("r\(number)", timeout: number % 7 == 0 ? 0.1 : nil)
            if number % 5 == 0 { bench.dispatcher.cancel(requestID: "r\(number)") }
        }
        bench.time.advance(by: .seconds(1))
        await bench.dispatcher.idle()
        #expect(try bench.answers().count == 4000)
        bench.send("after")
        await bench.dispatcher.idle()
        #expect(try bench.answers()["after"] == "ok")
    }
}
