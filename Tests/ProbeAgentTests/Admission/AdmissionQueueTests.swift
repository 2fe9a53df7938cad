import ProbeNative
import ProbeProtocol
import Testing

@testable import ProbeAgent

@Suite struct AdmissionQueueTests {
    @Test func startsWhatFitsThenQueuesThenRefuses() throws {
        var queue = AdmissionQueue(slots: 2, queueLimit: 2)
        #expect(try kind(queue.offer(job("a"))) == "start")
        #expect(try kind(queue.offer(job("b"))) == "start")
        #expect(try kind(queue.offer(job("c"))) == "wait")
        #expect(try kind(queue.offer(job("d"))) == "wait")
        #expect(try kind(queue.offer(job("e"))) == "full")
        #expect(try queue.release(job("a")).map(\.requestID) == ["c"])
        #expect(queue.used == 2 && queue.queued == 1)
    }

    @Test func urgentFirstThenInOrderOfArrival() throws {
        var queue = AdmissionQueue(slots: 1, queueLimit: 10)
        _ = queue.offer(try job("running"))
        for (id, priority) in [("low", 0), ("first", 1), ("urgent", 9), ("second", 1)] {
            _ = queue.offer(try job(id, priority: priority))
        }
        var order: [String] = []
        var last = try job("running")
        while let next = queue.release(last).first {
            order.append(next.requestID)
            last = next
        }
        #expect(order == ["urgent", "first", "second", "low"])
    }

    @Test func aHeavyJobIsNotStarvedAndOneHeavierThanTheNodeRunsAlone() throws {
        var queue = AdmissionQueue(slots: 4, queueLimit: 10)
        let light = try (0..<4).map { try job("light\($0)") }
        for job in light { #expect(kind(queue.offer(job)) == "start") }
        let heavy = try job("heavy", weight: 100)
        #expect(kind(queue.offer(heavy)) == "wait")
        #expect(try kind(queue.offer(job("later"))) == "wait")
        for job in light.dropLast() { #expect(queue.release(job).isEmpty) }
        let started = queue.release(light[3])
        #expect(started.map(\.requestID) == ["heavy"])
        #expect(queue.used == 4)
        #expect(queue.release(started[0]).map(\.requestID) == ["later"])
        #expect(queue.used == 1)
    }

    @Test func otherLimitsHoldForWhatComes() throws {
        var queue = AdmissionQueue(slots: 2, queueLimit: 1)
        guard case .start(let heavy) = queue.offer(try job("heavy", weight: 9)) else { throw Failure() }
        #expect(try kind(queue.offer(job("a"))) == "wait")
        #expect(try kind(queue.offer(job("b"))) == "full")
        #expect(queue.resize(slots: 3, queueLimit: 2).map(\.requestID) == ["a"])
        #expect(try kind(queue.offer(job("b"))) == "wait")
        // Fewer than run: nothing is cut, nothing starts, and what comes is refused.
        #expect(queue.resize(slots: 1, queueLimit: 0).isEmpty && queue.used == 3 && queue.queued == 1)
        #expect(try kind(queue.offer(job("c"))) == "full")
        // It gives back what it took, though one of its weight would take less now.
        #expect(queue.release(heavy).isEmpty && queue.used == 1)
        #expect(try queue.release(job("a")).map(\.requestID) == ["b"])
    }

    private struct Failure: Error {}

    @Test func expiresAndCancelsInTheQueue() throws {
        var queue = AdmissionQueue(slots: 1, queueLimit: 1000)
        let running = try job("running")
        _ = queue.offer(running)
        for number in 0..<500 { _ = queue.offer(try job("j\(number)", priority: number, deadline: number)) }
        #expect(queue.earliestDeadline == at(0))
        #expect(queue.remove("j3")?.job.requestID == "j3")
        #expect(queue.remove("j3") == nil)
        #expect(
            queue.expire(at: at(9)).expired.map(\.requestID) == ["j0", "j1", "j2", "j4", "j5", "j6", "j7", "j8", "j9"])
        #expect(queue.queued == 490)
        #expect(queue.release(running).map(\.requestID) == ["j499"])
        #expect(queue.drain().count == 489)
        #expect(queue.queued == 0 && queue.earliestDeadline == nil)
    }

    @Test func aHeavyJobThatLeavesLetsTheOthersGo() throws {
        var queue = AdmissionQueue(slots: 2, queueLimit: 10)
        _ = queue.offer(try job("running"))
        _ = queue.offer(try job("heavy", weight: 2))
        _ = queue.offer(try job("light"))
        #expect(queue.remove("heavy")?.ready.map(\.requestID) == ["light"])
        #expect(queue.used == 2)
        _ = queue.offer(try job("brief", deadline: 5))
        #expect(queue.remove("unknown") == nil)
        #expect(queue.expire(at: at(5)).ready.isEmpty)
        _ = try queue.release(job("light"))
        _ = queue.offer(try job("heavy again", weight: 2, deadline: 6))
        _ = queue.offer(try job("light again"))
        let (expired, ready) = queue.expire(at: at(6))
        #expect(expired.map(\.requestID) == ["heavy again"] && ready.map(\.requestID) == ["light again"])
    }

    @Test func isBoundedInBytesToo() throws {
        var queue = AdmissionQueue(slots: 1, queueLimit: 4096)
        _ = queue.offer(try job("running", size: 1 << 20))
        for number in 0..<64 { #expect(try kind(queue.offer(job("j\(number)", size: 1 << 20))) == "wait") }
        #expect(queue.waitingBytes == AdmissionQueue.byteLimit)
        #expect(try kind(queue.offer(job("one more", size: 1))) == "full")
        #expect(queue.remove("j3") != nil)
        #expect(try kind(queue.offer(job("one more", size: 1))) == "wait")
        _ = queue.drain()
        #expect(queue.waitingBytes == 0)
    }

    private func at(_ seconds: Int) -> Instant { Instant(nanoseconds: Int64(seconds) * 1_000_000_000) }

    private func kind(_ decision: AdmissionQueue.Decision) -> String {
        switch decision {
        case .start: "start"
        case .wait: "wait"
        case .full: "full"
        }
    }

    private func job(
        _ id: String, priority: Int = 1, weight: Int = 1, deadline: Int = 3600, size: Int = 200
    ) throws -> ValidatedJob {
        let probe = try GatedTool().prepare(
            target: "example.com", parameters: [.init("weight", .integer(Int64(weight)))])
        return ValidatedJob(
            requestID: id, probe: probe, priority: priority, receivedAt: at(0), deadline: at(deadline),
            wantsProgress: false, size: size)
    }
}
