import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// A disk that fails, and comes back.
@Suite struct JournalWriterTests {
    /// An outbox's side of the journal: what is unsettled.
    private struct Bench {
        var writer: JournalWriter
        var unsettled: [UInt64: JournalRecord] = [:]
        var now = Instant(nanoseconds: 0)

        init(_ path: String) throws {
            var replay = SegmentLog.Replay()
            writer = JournalWriter(try SegmentLog(SegmentFolder(path: path), replay: &replay))
        }

        mutating func write(_ records: JournalRecord...) -> JournalWriter.Change? {
            for record in records {
                if case .answer = record {
                    unsettled[record.sequence] = record
                } else {
                    unsettled[record.sequence] = nil
                }
            }
            return writer.write(records, at: now, wall: WallTime(nanoseconds: 0)) { [unsettled] wanted in
                (wanted ?? Set(unsettled.keys)).sorted().compactMap {
                    if case .answer(let entry, _) = unsettled[$0] { entry } else { nil }
                }
            }
        }
    }

    @Test func goesOnInMemoryAndCatchesUp() throws {
        let journal = try JournalFolder()
        var bench = try Bench(journal.path)
        // The folder is away: no segment can be made.
        try FileManager.default.moveItem(atPath: journal.path, toPath: journal.path + ".away")
        #expect(bench.write(JournalFolder.answer(1)) == .failed(Errno(rawValue: ENOENT)))
        #expect(bench.writer.notOnDisk == 1)
        #expect(bench.write(JournalFolder.answer(2), JournalFolder.answer(3)) == nil)
        #expect(bench.write(.settled(2)) == nil)
        #expect(bench.writer.notOnDisk == 2)
        // Attempts come further and further apart.
        var waits: [Duration] = []
        for _ in 0..<7 {
            let due = try #require(bench.writer.nextDeadline)
            waits.append(due - bench.now)
            bench.now = due
            #expect(bench.write() == nil)
        }
        #expect(waits == [1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
        try FileManager.default.moveItem(atPath: journal.path + ".away", toPath: journal.path)
        #expect(bench.write(JournalFolder.answer(4)) == nil, "not before the next attempt is due")
        bench.now = try #require(bench.writer.nextDeadline)
        #expect(bench.write(JournalFolder.answer(5)) == .recovered)
        #expect(bench.writer.notOnDisk == 0)
        #expect(try journal.replay().sequences == [1, 3, 4, 5])
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "\(SmallDisk.unavailableReason)"))
    func aFullDiskIsSurvivedAndUsedAgain() throws {
        let disk = try SmallDisk(bytes: 256 << 10)
        defer { disk.remove() }
        let journal = SegmentFolder(path: disk.path)
        var bench = try Bench(disk.path)
        var sequence: UInt64 = 0
        var change: JournalWriter.Change?
        while change == nil, sequence < 100 {
            sequence += 1
            change = bench.write(JournalFolder.answer(sequence, size: 10_000))
        }
        #expect(change == .failed(Errno(rawValue: ENOSPC)))
        #expect(sequence > 10 && bench.writer.notOnDisk > 0)
        // What did fit is whole.
        var replay = SegmentLog.Replay()
        _ = try SegmentLog(journal, replay: &replay)
        #expect(replay.sequences == Array(1..<sequence) && replay.isIntact(size: 10_000))
        // Acknowledged: the journal's own files give the room.
        for settled in 1..<sequence { _ = bench.write(.settled(settled)) }
        #expect(bench.write() == nil)
        bench.now = try #require(bench.writer.nextDeadline)
        #expect(bench.write() == .recovered)
        #expect(bench.writer.notOnDisk == 0)
        var after = SegmentLog.Replay()
        _ = try SegmentLog(journal, replay: &after)
        #expect(after.sequences == [sequence] && after.isIntact(size: 10_000))
    }

    @Test func manyAnswersShareOneSync() throws {
        let journal = try JournalFolder()
        var bench = try Bench(journal.path)
        #expect(bench.write(JournalFolder.answer(1)) == nil)
        #expect(bench.writer.nextDeadline == bench.now + JournalWriter.syncDelay)
        bench.now = bench.now + .milliseconds(20)
        #expect(bench.write(JournalFolder.answer(2)) == nil)
        #expect(bench.writer.nextDeadline == bench.now + .milliseconds(30))
        bench.now = bench.now + .milliseconds(30)
        #expect(bench.write() == nil)
        #expect(bench.writer.nextDeadline == nil)
        // Acknowledged before it is due: no sync at all.
        #expect(bench.write(JournalFolder.answer(3)) == nil)
        #expect(bench.write(.settled(3)) == nil)
        #expect(bench.writer.nextDeadline == nil)
    }
}
