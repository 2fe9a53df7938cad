import ProbeNative

/// Writes what the journal is told, and goes on when the disk does not. No thread and no clock of its own.
struct JournalWriter {
    /// After an unsettled answer was written it may take so long until it is on the disk itself: many share one fsync.
    static let syncDelay = Duration.milliseconds(50)
    /// Between attempts at a disk that fails.
    static let retryDelays = (first: Duration.seconds(1), longest: Duration.seconds(30))
    /// Bytes of one write(2).
    private static let chunk = 1 << 20

    enum Change: Sendable, Hashable {
        case failed(Errno)
        case recovered
    }

    private var log: SegmentLog
    /// Unsettled and in no file, because the disk failed: the outbox still has them.
    private var missing: Set<UInt64> = []
    private var syncAt: Instant?
    private var retryAt: Instant?
    private var retryDelay = retryDelays.first

    init(_ log: SegmentLog) { self.log = log }

    /// Unsettled answers that would be lost with the process.
    var notOnDisk: Int { missing.count }
    var bytesOnDisk: Int { log.bytes }

    /// When `write` is wanted although there is nothing new.
    var nextDeadline: Instant? { retryAt ?? syncAt }

    /// - Parameter unsettled: those of the given sequences that are unsettled still, in order.
    /// - Returns: what is news about the disk.
    mutating func write(
        _ records: [JournalRecord], at now: Instant, wall: WallTime, unsettled: (Set<UInt64>?) -> [OutboundEntry]
    ) -> Change? {
        var rest = records[...]
        let wasFailing = retryAt != nil
        do throws(Errno) {
            if let retryAt, now < retryAt {
                remember(rest)
                // Room that this gives back is what a full disk waits for.
                try log.removeOldest()
                return nil
            }
            if !missing.isEmpty { try catchUp(wall, unsettled) }
            while !rest.isEmpty {
                let chunk = rest.prefix(ofBytes: Self.chunk)
                try log.append(chunk)
                rest = rest[chunk.endIndex...]
            }
            try sync(at: now)
            try log.removeOldest()
            try log.compact()
        } catch {
            remember(rest)
            // What no fsync has confirmed may be lost with a file that failed.
            missing.formUnion(log.unsafe)
            retryDelay = wasFailing ? min(retryDelay * 2, Self.retryDelays.longest) : Self.retryDelays.first
            (retryAt, syncAt) = (now + retryDelay, nil)
            return wasFailing ? nil : .failed(error)
        }
        retryAt = nil
        return wasFailing ? .recovered : nil
    }

    /// Everything that is written to the disk itself; with nothing unsettled no file stays.
    mutating func finish() throws(Errno) {
        if log.needsSync { try log.sync() }
        try log.removeEmptied()
    }

    private mutating func sync(at now: Instant) throws(Errno) {
        guard log.needsSync else {
            syncAt = nil
            return
        }
        guard let due = syncAt else {
            syncAt = now + Self.syncDelay
            return
        }
        guard now >= due else { return }
        try log.sync()
        syncAt = nil
    }

    // MARK: While the disk fails

    /// Makes good for records that were lost: `unsettled` is all that there is.
    mutating func startOver(with unsettled: [OutboundEntry]) {
        let live = Set(unsettled.map(\.sequence))
        for sequence in log.sequences where !live.contains(sequence) { log.settleForNow(sequence) }
        missing = live.subtracting(log.sequences)
    }

    private mutating func remember(_ records: ArraySlice<JournalRecord>) {
        for record in records {
            switch record {
            case .answer(let entry, _): missing.insert(entry.sequence)
            // It may be in a file as well: an answer that was to be written anew.
            case .settled(let sequence):
                missing.remove(sequence)
                log.settleForNow(sequence)
            }
        }
    }

    private mutating func catchUp(
        _ wall: WallTime, _ unsettled: (Set<UInt64>?) -> [OutboundEntry]
    ) throws(Errno) {
        var rest = unsettled(missing).map { JournalRecord.answer($0, at: wall) }[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(ofBytes: Self.chunk)
            try log.append(chunk)
            for record in chunk { missing.remove(record.sequence) }
            rest = rest[chunk.endIndex...]
        }
        missing = []
    }
}

extension ArraySlice<JournalRecord> {
    /// As many as make `limit` bytes, at least one.
    fileprivate func prefix(ofBytes limit: Int) -> Self {
        var bytes = 0
        let end = indices.first { index in
            if case .answer(let entry, _) = self[index] { bytes += entry.bytes.count }
            return bytes > limit && index > startIndex
        }
        return self[..<(end ?? endIndex)]
    }
}
