import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

@Suite struct SegmentLogTests {
    private let folder: JournalFolder
    init() throws { folder = try JournalFolder() }

    @Test func whatIsUnsettledComesBackInOrderWithItsTime() throws {
        var replay = SegmentLog.Replay()
        var log = try SegmentLog(folder.folder, replay: &replay)
        #expect(replay.entries.isEmpty && replay.lastSequence == 0)
        try log.append([JournalFolder.answer(1), JournalFolder.answer(2), JournalFolder.answer(3)])
        try log.append([.settled(2), JournalFolder.answer(4)])
        let found = try folder.replay()
        #expect(found.sequences == [1, 3, 4] && found.lastSequence == 4 && found.isIntact())
        #expect(found.entries.map(\.at.nanoseconds) == [1, 3, 4])
        #expect(found.damaged == 0 && found.tornBytes == 0)
    }

    @Test func theChecksumIsThatOfTheRFC() {
        // RFC 3720 appendix B.4.
        #expect(Array("123456789".utf8).withUnsafeBytes { CRC32C.of($0) } == 0xe306_9283)
        #expect([UInt8](repeating: 0, count: 32).withUnsafeBytes { CRC32C.of($0) } == 0x8a91_36aa)
    }

    /// A power cut anywhere: what was whole before it comes back, whatever the cut left of the rest.
    @Test func aFileCutAnywhereYieldsAPrefix() throws {
        let ends = try writeSample()
        let file = try #require(folder.files.first)
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        for size in 0...whole.count {
            for tail in [0, 7] {
                try (whole.prefix(size) + Data(repeating: 0xff, count: tail)).write(to: URL(fileURLWithPath: file))
                let found = try folder.replay()
                #expect(found.sequences == Self.unsettled(after: ends.filter { $0 <= size }.count), "cut at \(size)")
                #expect(found.isIntact() && found.damaged == 0)
                #expect(found.tornBytes == size - (ends.last { $0 <= size } ?? 0) + tail)
            }
        }
    }

    /// One damaged byte costs the record that it is in, never another and never the start.
    @Test func aDamagedByteCostsItsRecordOnly() throws {
        let ends = try writeSample()
        let file = try #require(folder.files.first)
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        for at in 0..<whole.count {
            var broken = whole
            broken[at] ^= 0x55
            try broken.write(to: URL(fileURLWithPath: file))
            let found = try folder.replay()
            let hit = ends.firstIndex { at < $0 } ?? 0
            #expect(found.sequences == Self.unsettled(after: ends.count, without: hit), "byte \(at)")
            #expect(found.isIntact())
            #expect((found.damaged, found.tornBytes > 0) == (hit == ends.count - 1 ? (0, true) : (1, false)))
        }
    }

    /// Random work, restarts between, against a set.
    @Test func holdsWhatAModelHolds() throws {
        var random = FuzzGenerator(seed: 20_261_128)
        var model: Set<UInt64> = []
        var next: UInt64 = 1
        for _ in 0..<40 {
            var replay = SegmentLog.Replay()
            var log = try SegmentLog(folder.folder, segmentSize: 2000, replay: &replay)
            #expect(Set(replay.sequences) == model && replay.sequences == model.sorted() && replay.isIntact())
            for _ in 0..<Int.random(in: 0...60, using: &random) {
                var records: [JournalRecord] = []
                for _ in 0..<Int.random(in: 0...5, using: &random) {
                    records.append(JournalFolder.answer(next))
                    model.insert(next)
                    next += 1
                }
                for _ in 0..<Int.random(in: 0...5, using: &random) {
                    guard let gone = model.randomElement(using: &random) else { break }
                    model.remove(gone)
                    if Bool.random(using: &random) {
                        records.append(.settled(gone))
                    } else {
                        try log.append(records)
                        records = []
                        log.settleForNow(gone)
                    }
                }
                try log.append(records)
                if Bool.random(using: &random) { try log.sync() }
                try log.removeOldest()
                try log.compact()
                #expect(log.count == model.count)
            }
            // What was settled without a record is unknown to the next process: give it one.
            try log.append([JournalFolder.answer(next)])
            model.insert(next)
            next += 1
        }
    }

    @Test func oneThatIsNeverSettledDoesNotHoldTheRest() throws {
        var replay = SegmentLog.Replay()
        var log = try SegmentLog(folder.folder, segmentSize: 10_000, replay: &replay)
        try log.append([JournalFolder.answer(1)])
        for sequence in 2...UInt64(5000) {
            try log.append([JournalFolder.answer(sequence), .settled(sequence)])
            if sequence % 50 == 0 { try log.sync() }
            try log.removeOldest()
            try log.compact()
            #expect(log.bytes <= 6 * 10_000 + 200)
        }
        #expect(try folder.replay().sequences == [1])
        #expect(folder.files.count <= 7)
    }

    /// The older copy stays until the newer one is on the disk, or nobody wants either.
    @Test func aCopyHoldsItsSegmentUntilItIsSafeOrSettled() throws {
        for isSettled in [false, true] {
            let folder = try JournalFolder()
            var replay = SegmentLog.Replay()
            var log = try SegmentLog(folder.folder, segmentSize: 1000, replay: &replay)
            try log.append([JournalFolder.answer(1)])
            for sequence in 2...UInt64(200) { try log.append([JournalFolder.answer(sequence), .settled(sequence)]) }
            try log.sync()
            let first = try #require(folder.files.first)
            try log.compact()
            try log.removeOldest()
            #expect(folder.files.first == first && log.needsSync)
            if isSettled { try log.append([.settled(1)]) } else { try log.sync() }
            try log.removeOldest()
            #expect(folder.files.count == 1 && folder.files.first != first && !log.needsSync)
            #expect(try folder.replay().sequences == (isSettled ? [] : [1]))
        }
    }

    @Test func segmentsGoWhenAllIsSettledAndNoneStaysInTheEnd() throws {
        var replay = SegmentLog.Replay()
        var log = try SegmentLog(folder.folder, segmentSize: 500, replay: &replay)
        for sequence in 1...UInt64(100) { try log.append([JournalFolder.answer(sequence)]) }
        #expect(folder.files.count >= 10)
        try log.append((1...UInt64(100)).map(JournalRecord.settled))
        try log.removeOldest()
        #expect(folder.files.count == 1)
        try log.removeEmptied()
        #expect(folder.files.isEmpty)
        // It can be used on.
        try log.append([JournalFolder.answer(101)])
        #expect(try folder.replay().sequences == [101])
    }

    @Test func syncsOnlyForWhatIsUnsettled() throws {
        var replay = SegmentLog.Replay()
        var log = try SegmentLog(folder.folder, replay: &replay)
        try log.append([JournalFolder.answer(1)])
        #expect(log.needsSync && log.unsafe == [1])
        try log.append([.settled(1)])
        #expect(!log.needsSync && log.unsafe.isEmpty)
        try log.append([JournalFolder.answer(2)])
        try log.sync()
        #expect(!log.needsSync && log.unsafe.isEmpty)
    }

    @Test func filesAreTheirOwnersAlone() throws {
        var replay = SegmentLog.Replay()
        var log = try SegmentLog(folder.folder, replay: &replay)
        try log.append([JournalFolder.answer(1)])
        let attributes = try FileManager.default.attributesOfItem(atPath: try #require(folder.files.first))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    // MARK: -

    private static let sample: [JournalRecord] = [
        JournalFolder.answer(1), JournalFolder.answer(2), .settled(1), JournalFolder.answer(3), .settled(3),
        JournalFolder.answer(4),
    ]

    /// - Returns: where each record ends.
    private func writeSample() throws -> [Int] {
        var replay = SegmentLog.Replay()
        var log = try SegmentLog(folder.folder, replay: &replay)
        var ends: [Int] = []
        for record in Self.sample {
            try log.append([record])
            ends.append(log.bytes)
        }
        return ends
    }

    private static func unsettled(after count: Int, without missing: Int? = nil) -> [UInt64] {
        var unsettled: Set<UInt64> = []
        for (index, record) in sample.prefix(count).enumerated() where index != missing {
            if case .answer = record { unsettled.insert(record.sequence) } else { unsettled.remove(record.sequence) }
        }
        return unsettled.sorted()
    }
}
