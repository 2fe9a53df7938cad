import DequeModule
import ProbeNative

/// The unsettled answers on disk: an append-only log in numbered segment files. No thread and no clock of its own.
///
/// A settled answer stays where it is and a settlement is appended. Segments go from the oldest on, each once nothing in
/// it is unsettled: so a settlement never goes before its answer, which would rise again. So that one answer which is
/// never settled does not hold gigabytes, what is unsettled in the oldest is copied to the end when the files are more
/// than twice as large as what they hold.
struct SegmentLog {
    /// So many segments of waste are left alone: copying would cost more than the room is worth.
    static let slack = 4

    private struct Segment {
        var number: UInt64
        var bytes: Int
        /// Unsettled answers in it.
        var live = 0
    }
    private struct Place {
        var segment: UInt64
        var range: Range<Int>
        /// How many syncs there were when it was written.
        var epoch: Int
        /// It was written before, at another place.
        var isCopy: Bool
    }

    private let folder: SegmentFolder
    /// Bytes from which on a new segment is begun.
    private let segmentSize: Int
    /// Oldest first; `file` belongs to the last.
    private var segments: Deque<Segment> = []
    private var file: SegmentFile?
    private var places: [UInt64: Place] = [:]
    private var liveBytes = 0
    private var nextNumber: UInt64 = 1
    private var lastSequence: UInt64 = 0
    private var epoch = 0
    private var unsynced = 0
    /// Unsettled answers that no older segment may go for, because only the older copy of them is on the disk.
    private var unsyncedCopies = 0
    /// Settled without a record, and the segment where each lies.
    private var owed: [(sequence: UInt64, segment: UInt64)] = []

    /// Unsettled answers in files.
    var count: Int { places.count }
    /// The same by their numbers, in no order.
    var sequences: some Collection<UInt64> { places.keys }
    /// Bytes of all files.
    var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }
    /// Whether a power cut now could lose an unsettled answer. What was settled meanwhile needs no fsync: with a backend
    /// that acknowledges at once there is hardly ever one.
    var needsSync: Bool { unsynced > 0 }

    /// What was in the files.
    struct Replay: Sendable {
        /// Unsettled, in order, with the time at which each was written.
        var entries: [(entry: OutboundEntry, at: WallTime)] = []
        var lastSequence: UInt64 = 0
        /// Damaged places inside files: at each, one or more records are lost.
        var damaged = 0
        /// Bytes at the ends of files that make no record: what was being written at a power cut.
        var tornBytes = 0
    }

    /// Reads what former processes left.
    /// - Throws: what the kernel says when a file cannot be read.
    init(_ folder: SegmentFolder, segmentSize: Int = 4 << 20, replay: inout Replay) throws(Errno) {
        self.folder = folder
        self.segmentSize = segmentSize
        var entries: [UInt64: (entry: OutboundEntry, at: WallTime)] = [:]
        for number in try folder.numbers() {
            let bytes = try folder.read(number)
            let scan = bytes.withUnsafeBytes { SegmentScan($0) }
            segments.append(Segment(number: number, bytes: bytes.count))
            nextNumber = number + 1
            replay.damaged += scan.damaged
            replay.tornBytes += scan.tornBytes
            for found in scan.records {
                note(found.record, at: found.range, in: number)
                switch found.record {
                case .answer(let entry, let time): entries[entry.sequence] = (entry, time)
                case .settled(let sequence): entries[sequence] = nil
                }
            }
        }
        (unsynced, unsyncedCopies, epoch) = (0, 0, 1)
        replay.entries = entries.values.sorted { $0.entry.sequence < $1.entry.sequence }
        replay.lastSequence = lastSequence
    }

    // MARK: Writing

    /// Appends all records or, when it throws, none. A settlement of what is in no file is left out.
    mutating func append(_ records: some Sequence<JournalRecord>) throws(Errno) {
        var buffer: [UInt8] = []
        var written: [(record: JournalRecord, range: Range<Int>)] = []
        for debt in owed { JournalRecord.settled(debt.sequence).write(to: &buffer) }
        for record in records {
            if case .settled(let sequence) = record, sequence <= lastSequence, places[sequence] == nil { continue }
            let start = buffer.count
            record.write(to: &buffer)
            written.append((record, start..<buffer.count))
        }
        guard !buffer.isEmpty else { return }
        let (segment, base) = try write(buffer)
        for (record, range) in written {
            note(record, at: (base + range.lowerBound)..<(base + range.upperBound), in: segment)
        }
        owed = []
    }

    /// Settles while nothing can be written: the record follows with the next append, unless the segment goes first.
    mutating func settleForNow(_ sequence: UInt64) {
        guard let place = places[sequence] else { return }
        forget(sequence)
        owed.append((sequence, place.segment))
    }

    /// What was appended survives a power cut.
    ///
    /// After a failed fsync the kernel may have dropped the pages, and a second one would say that all is well: the
    /// segment is not written to any more, and `unsafe` has to be appended anew.
    mutating func sync() throws(Errno) {
        do throws(Errno) { try file?.sync() } catch {
            file = nil
            throw error
        }
        (unsynced, unsyncedCopies) = (0, 0)
        epoch += 1
    }

    /// The unsettled that no sync has confirmed.
    var unsafe: [UInt64] { places.filter { $0.value.epoch == epoch }.map(\.key) }

    /// - Returns: the segment, and where in it the bytes begin.
    private mutating func write(_ bytes: [UInt8]) throws(Errno) -> (segment: UInt64, base: Int) {
        if file == nil || segments.last.map({ $0.bytes >= segmentSize }) == true {
            // What is in the segment before must not wait for a sync that only the new one gets.
            if needsSync { try sync() }
            file = try folder.create(nextNumber)
            segments.append(Segment(number: nextNumber, bytes: 0))
            nextNumber += 1
        }
        guard let file, let segment = segments.last else { preconditionFailure("a segment was just begun") }
        do throws(Errno) { try file.append(bytes) } catch {
            // Where it ends is not certain any more; a scan passes over what is torn.
            self.file = nil
            throw error
        }
        change(segment.number) { $0.bytes += bytes.count }
        return (segment.number, segment.bytes)
    }

    // MARK: Room

    /// Removes the oldest segments as far as nothing in them is unsettled. It needs no room on the disk.
    mutating func removeOldest() throws(Errno) {
        guard unsyncedCopies == 0, let first = segments.first, first.live == 0 else { return }
        while let oldest = segments.first, oldest.live == 0, segments.count > 1 || file == nil {
            try folder.remove(oldest.number)
            segments.removeFirst()
        }
        if !owed.isEmpty {
            let kept = segments.first?.number ?? .max
            owed.removeAll { $0.segment < kept }
        }
    }

    /// Copies from the oldest segment to the newest when too much is kept for its sake; a segment at a time.
    mutating func compact() throws(Errno) {
        guard segments.count > 1, bytes > 2 * liveBytes + Self.slack * segmentSize, let oldest = segments.first else {
            return
        }
        let stale = places.filter { $0.value.segment == oldest.number }.sorted { $0.key < $1.key }
        guard !stale.isEmpty else { return }
        let old = try folder.read(oldest.number)
        var records: [JournalRecord] = []
        for (sequence, place) in stale {
            let record = old.withUnsafeBytes { bytes in
                place.range.upperBound > bytes.count
                    ? nil : JournalRecord.read(UnsafeRawBufferPointer(rebasing: bytes[place.range]))
            }
            // Damaged since it was written: the copy in memory is still to be sent, this one is of no use.
            if let record { records.append(record.record) } else { forget(sequence) }
        }
        try append(records)
    }

    /// Removes all files when nothing is unsettled: a node that stopped in order leaves none.
    mutating func removeEmptied() throws(Errno) {
        guard places.isEmpty else { return }
        file = nil
        try removeOldest()
    }

    // MARK: What is where

    private mutating func note(_ record: JournalRecord, at range: Range<Int>, in segment: UInt64) {
        lastSequence = max(lastSequence, record.sequence)
        guard case .answer = record else { return forget(record.sequence) }
        let isCopy = places[record.sequence] != nil
        if isCopy {
            unsyncedCopies += 1
            forget(record.sequence)
        }
        places[record.sequence] = Place(segment: segment, range: range, epoch: epoch, isCopy: isCopy)
        change(segment) { $0.live += 1 }
        liveBytes += range.count
        unsynced += 1
    }

    private mutating func forget(_ sequence: UInt64) {
        guard let place = places.removeValue(forKey: sequence) else { return }
        change(place.segment) { $0.live -= 1 }
        liveBytes -= place.range.count
        guard place.epoch == epoch else { return }
        unsynced -= 1
        if place.isCopy { unsyncedCopies -= 1 }
    }

    private mutating func change(_ number: UInt64, _ body: (inout Segment) -> Void) {
        if let index = segments.lastIndex(where: { $0.number == number }) { body(&segments[index]) }
    }
}
