import Foundation
import Logging
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// The outbox with its journal, over several lives of a process.
@Suite struct DurableOutboxTests {
    private let time = ManualTime()
    private let folder: JournalFolder
    init() throws { folder = try JournalFolder() }

    @Test func whatIsUnsettledGoesFirstInTheNextLife() async throws {
        let first = try life()
        for number in 0..<5 { first.append(requestID: "r\(number)", Array("answer \(number)".utf8)) }
        #expect(try await first.pulled(5).map(\.requestID) == ["r0", "r1", "r2", "r3", "r4"])
        first.settle(requestID: "r1")
        first.settle(requestID: "r3")
        await first.finish()

        let second = try life()
        #expect(second.unsettled == 3 && second.counts.replayed == 3)
        second.append(requestID: "new", Array("answer new".utf8))
        let entries = try await second.pulled(4)
        #expect(entries.map(\.requestID) == ["r0", "r2", "r4", "new"])
        #expect(entries.map { String(decoding: $0.bytes, as: UTF8.self) }.first == "answer 0")
        // A job that the backend sends again is answered and not run.
        #expect(second.repeatAnswer(requestID: "r2"))
        #expect(!second.repeatAnswer(requestID: "r1"))
        for id in ["r0", "r2", "r4", "new"] { second.settle(requestID: id) }
        await second.finish()
        #expect(folder.files.isEmpty, "a node that stopped in order leaves nothing")
    }

    @Test func theSessionSeesWhatIsWrittenOnly() async throws {
        let outbox = try life()
        for number in 0..<2000 { outbox.append(requestID: "r\(number)", [UInt8](repeating: 7, count: 500)) }
        outbox.open {}
        var seen = 0
        while seen < 2000 {
            let batch = outbox.pull(atMost: 10_000)
            if batch.isEmpty { await Task.yield() }
            seen += batch.count
            guard let last = batch.last else { continue }
            // What another process would find now, were this one killed.
            if seen % 7 == 0 || seen == 2000 { #expect(try folder.replay().lastSequence >= last.sequence) }
        }
        await outbox.finish()
    }

    @Test func aShrunkAnswerStaysShrunk() async throws {
        let first = try life()
        first.append(
            requestID: "big",
            Array(
                #"{"type":"diagnostic_response","result":{"body":"\#(String(repeating: "x", count: 100_000))"}}"#.utf8))
        first.append(requestID: "small", Array("{}".utf8))
        first.shrinkLargestUnsettled()
        await first.finish()
        let second = try life()
        let entries = try await second.pulled(2)
        #expect(entries.map(\.requestID) == ["big", "small"] && entries[0].bytes.count < Outbox.shrunkSize)
        await second.finish()
    }

    @Test func ageCountsOverLives() async throws {
        let first = try life(age: .seconds(3600))
        first.append(requestID: "old", [1])
        _ = try await first.pulled(1)
        await first.finish()
        time.advance(by: .seconds(3000))
        let second = try life(age: .seconds(3600))
        second.append(requestID: "young", [1])
        #expect(second.tick().expired == 0)
        time.advance(by: .seconds(600))
        #expect(second.tick().expired == 1)
        #expect(second.counts.expired == 1 && second.unsettled == 1)
        #expect(!second.repeatAnswer(requestID: "old"))
        await second.finish()
        #expect(try folder.replay().entries.map(\.entry.requestID) == ["young"])
    }

    @Test func aDiskThatIsAwayHoldsNothingUp() async throws {
        let outbox = try life()
        try FileManager.default.moveItem(atPath: folder.path, toPath: folder.path + ".away")
        defer { try? FileManager.default.removeItem(atPath: folder.path + ".away") }
        outbox.append(requestID: "r", [1])
        #expect(try await outbox.pulled(1).map(\.requestID) == ["r"])
        #expect(outbox.counts.notOnDisk == 1)
        outbox.settle(requestID: "r")
        await outbox.finish()
        #expect(outbox.counts.notOnDisk == 0)
    }

    /// No error, no answer: what waits goes out all the same, and is on the disk once that is back.
    @Test func aDiskThatHangsHoldsNothingUpForLong() async throws {
        let stuck = HangingClock()
        let journal = try Journal(directory: folder.path, wall: stuck, time: time, logger: .silent)
        let outbox = Outbox(time: time, limits: OutboxLimits(), journal: journal)
        try journal.start(outbox.journalClient)
        stuck.hang()
        outbox.append(requestID: "r", [1])
        await stuck.hanging()
        outbox.open {}
        #expect(outbox.pull(atMost: 100).isEmpty && !outbox.tick().diskHangs)
        time.advance(by: Journal.patience)
        #expect(outbox.tick().diskHangs && !outbox.tick().diskHangs)
        #expect(outbox.pull(atMost: 100).map(\.requestID) == ["r"])
        stuck.goOn()
        await outbox.finish()
        #expect(try folder.replay().entries.map(\.entry.requestID) == ["r"])
    }

    /// What comes while the disk hangs is bounded in memory, and nothing is forgotten for it.
    @Test func aFloodWhileTheDiskHangsIsMadeGood() async throws {
        let stuck = HangingClock()
        let journal = try Journal(directory: folder.path, wall: stuck, time: time, logger: .silent)
        let outbox = Outbox(time: time, limits: OutboxLimits(), journal: journal)
        try journal.start(outbox.journalClient)
        outbox.append(requestID: "settled later", [1])
        _ = try await outbox.pulled(1)
        stuck.hang()
        outbox.append(requestID: "first", [1])
        await stuck.hanging()
        outbox.settle(requestID: "settled later")
        let big = [UInt8](repeating: 7, count: 1 << 20)
        for number in 0..<40 {
            outbox.append(requestID: "r\(number)", big)
            if number % 4 != 0 { outbox.settle(requestID: "r\(number)") }
        }
        #expect(journal.queuedBytes < JournalQueue.most)
        stuck.goOn()
        let expected = ["first"] + stride(from: 0, to: 40, by: 4).map { "r\($0)" }
        #expect(try await outbox.pulled(expected.count).map(\.requestID) == expected)
        await outbox.finish()
        #expect(try folder.replay().entries.map(\.entry.requestID) == expected)
        let next = try life()
        #expect(next.unsettled == expected.count)
        await next.finish()
    }

    private func life(age: Duration = .seconds(3600)) throws -> Outbox {
        var limits = OutboxLimits()
        limits.age = age
        let journal = try Journal(directory: folder.path, wall: time, logger: .silent)
        let outbox = Outbox(time: time, limits: limits, journal: journal)
        try journal.start(outbox.journalClient)
        return outbox
    }
}

extension Outbox {
    /// The next `count` entries of a new connection, once they are written.
    fileprivate func pulled(_ count: Int) async throws -> [OutboundEntry] {
        let wakes = EventLog<Bool>()
        open { wakes.append(true) }
        var entries: [OutboundEntry] = []
        while entries.count < count {
            _ = try await wakes.next("wake of the outbox", within: .seconds(60))
            entries += pull(atMost: 1 << 30)
        }
        return entries
    }
}

/// Stands for a disk that does not answer: the journal's thread asks it for the time whenever it writes.
private final class HangingClock: TimeSource {
    private let wayOn = DispatchSemaphore(value: 0)
    private let arrivals = EventLog<Bool>()
    private let isHanging = Locked(false)

    func hang() { isHanging.withLock { $0 = true } }
    func hanging() async { _ = try? await arrivals.next("writer") }
    func goOn() {
        isHanging.withLock { $0 = false }
        wayOn.signal()
    }

    var wallTime: WallTime {
        if isHanging.withLock({ $0 }) {
            arrivals.append(true)
            wayOn.wait()
        }
        return WallTime(nanoseconds: 0)
    }
    var now: Instant { Instant(nanoseconds: 0) }
    func realDelay(until instant: Instant) -> Int64? { nil }
    func sleep(until instant: Instant) async throws {}
    func onAdvance(_ body: @escaping @Sendable () -> Void) {}
}
