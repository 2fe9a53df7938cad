/// What waits for the journal's thread.
struct JournalQueue: Sendable {
    /// Beyond it the records are dropped, and the outbox itself says what there is once the disk takes it.
    static let most = 16 << 20

    private(set) var records: [JournalRecord] = []
    /// Of the records.
    private(set) var bytes = 0
    private(set) var hasOverflowed = false
    /// The greatest sequence of an answer that came, dropped or not.
    private(set) var lastAnswer: UInt64?
    /// The thread waits to be rung for.
    var isAsleep = false
    var isEnding = false
    var hasEnded = false
    /// Those who wait for the end.
    var ended: [CheckedContinuation<Void, Never>] = []

    var isEmpty: Bool { records.isEmpty && !hasOverflowed }

    mutating func add(_ record: JournalRecord) {
        if case .answer(let entry, _) = record {
            lastAnswer = max(lastAnswer ?? 0, entry.sequence)
            bytes += entry.bytes.count
        }
        bytes += MemoryLayout<JournalRecord>.stride
        records.append(record)
        if bytes > Self.most || hasOverflowed { (records, bytes, hasOverflowed) = ([], 0, true) }
    }

    mutating func takeOut() { (records, bytes, hasOverflowed, lastAnswer) = ([], 0, false, nil) }
}
