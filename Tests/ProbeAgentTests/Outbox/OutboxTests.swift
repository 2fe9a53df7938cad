import Foundation
import ProbeNative
import ProbeProtocol
import ProbeTesting
import Testing

@testable import ProbeAgent

@Suite struct OutboxTests {
    private let time = ManualTime()

    @Test func aWriteSettlesNothingAndANewConnectionStartsOver() {
        let outbox = filled(5)
        outbox.open {}
        #expect(outbox.pull(atMost: 1 << 20).map(\.requestID) == ["r0", "r1", "r2", "r3", "r4"])
        #expect(outbox.pull(atMost: 1 << 20).isEmpty)
        outbox.settle(requestID: "r1")
        outbox.close()
        outbox.open {}
        #expect(outbox.pull(atMost: 1 << 20).map(\.requestID) == ["r0", "r2", "r3", "r4"])
        #expect(outbox.unsettled == 4)
    }

    @Test func aPongSettlesWhatWasSentBeforeThePing() {
        let outbox = filled(5)
        outbox.open {}
        let sent = outbox.pull(atMost: 1 << 20)
        outbox.settle(through: sent[2].sequence)
        #expect(outbox.unsettled == 2)
        outbox.close()
        outbox.open {}
        #expect(outbox.pull(atMost: 1 << 20).map(\.requestID) == ["r3", "r4"])
    }

    @Test func batchesAreBoundedButNeverEmpty() {
        let outbox = filled(3, size: 100)
        outbox.open {}
        #expect(outbox.pull(atMost: 250).count == 2)
        #expect(outbox.pull(atMost: 1).count == 1)
    }

    @Test func wakesTheSession() {
        let outbox = Outbox(time: time)
        let wakes = Locked(0)
        outbox.open { wakes.withLock { $0 += 1 } }
        outbox.append(requestID: "a", [1])
        outbox.close()
        outbox.append(requestID: "b", [1])
        #expect(wakes.withLock { $0 } == 2)
    }

    @Test func aDuplicateIsAnsweredAgain() {
        let outbox = filled(2)
        outbox.open {}
        _ = outbox.pull(atMost: 1 << 20)
        // Sent and not settled: it goes again, once.
        #expect(outbox.repeatAnswer(requestID: "r0"))
        #expect(outbox.repeatAnswer(requestID: "r0"))
        #expect(outbox.pull(atMost: 1 << 20).map(\.requestID) == ["r0"])
        // Settled: the kept answer.
        outbox.settle(requestID: "r0")
        #expect(outbox.unsettled == 1)
        #expect(outbox.repeatAnswer(requestID: "r0"))
        #expect(outbox.pull(atMost: 1 << 20).map(\.requestID) == ["r0"])
        #expect(!outbox.repeatAnswer(requestID: "never"))
        outbox.settle(requestID: "r0")
        time.advance(by: .seconds(601))
        #expect(!outbox.repeatAnswer(requestID: "r0"))
    }

    @Test func keptAnswersAreBounded() {
        var kept = KeptAnswers()
        for number in 0..<(KeptAnswers.most + 10) { kept.keep("k\(number)", [0], at: time.now) }
        #expect(kept.count == KeptAnswers.most)
        #expect(kept.find("k9", at: time.now) == nil && kept.find("k10", at: time.now) != nil)
        let big = [UInt8](repeating: 0, count: 30 << 20)
        for number in 0..<4 { kept.keep("big\(number)", big, at: time.now) }
        #expect(kept.bytes <= KeptAnswers.mostBytes)
        #expect(kept.find("big3", at: time.now) != nil && kept.find("big1", at: time.now) == nil)
    }

    @Test func afterACloseForSizeTheLargestShrinksThenIsReplaced() throws {
        struct Long: Report {
            func write(to writer: inout some ReportWriter) {
                writer.field("body", String(repeating: "x", count: 200_000))
                writer.field("status_code", 200)
            }
        }
        let outbox = filled(2)
        let result = ProbeResult(
            tool: "http", target: "t", outcome: ProbeOutcome(Long()), finishedAt: WallTime(nanoseconds: 0))
        outbox.append(requestID: "big", JobResult(requestID: "big", result: result).encoded(limit: 1 << 20))
        outbox.shrinkLargestUnsettled()
        outbox.open {}
        let cut = try #require(outbox.pull(atMost: 1 << 20).last)
        #expect(cut.bytes.count <= Outbox.shrunkSize)
        let first = try read(cut.bytes)
        #expect(first["truncated_fields"] as? [String] == ["body"] && first["status_code"] as? Int == 200)
        outbox.shrinkLargestUnsettled()
        outbox.open {}
        let second = try read(try #require(outbox.pull(atMost: 1 << 20).last).bytes)
        #expect(second["error_code"] as? String == "result_too_large" && second["target"] as? String == "t")
    }

    @Test func refusesNewJobsRatherThanGrowWithoutBound() {
        let outbox = Outbox(time: time)
        #expect(!outbox.isCongested)
        for number in 0..<64 { outbox.append(requestID: "\(number)", [UInt8](repeating: 0, count: 1 << 20)) }
        #expect(outbox.isCongested)
        outbox.settle(requestID: "7")
        #expect(!outbox.isCongested)
    }

    private func filled(_ count: Int, size: Int = 10) -> Outbox {
        let outbox = Outbox(time: time)
        for number in 0..<count { outbox.append(requestID: "r\(number)", [UInt8](repeating: 0x20, count: size)) }
        return outbox
    }

    private func read(_ bytes: [UInt8]) throws -> [String: Any] {
        let frame = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        return try #require(frame["result"] as? [String: Any])
    }
}
