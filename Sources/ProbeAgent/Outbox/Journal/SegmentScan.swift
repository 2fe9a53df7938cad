/// Reads a segment's bytes, whatever has become of them: every record that is whole, in order.
struct SegmentScan {
    struct Found {
        var record: JournalRecord
        var range: Range<Int>
    }

    private(set) var records: [Found] = []
    /// Places inside the segment where bytes made no record: each held one or more.
    private(set) var damaged = 0
    /// Bytes at the end that make no record: what a power cut leaves.
    private(set) var tornBytes = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        var at = 0
        while at < bytes.count {
            if let (record, size) = JournalRecord.read(UnsafeRawBufferPointer(rebasing: bytes[at...])) {
                records.append(Found(record: record, range: at..<(at + size)))
                at += size
            } else if let next = Self.nextRecord(bytes, after: at) {
                damaged += 1
                at = next
            } else {
                tornBytes = bytes.count - at
                return
            }
        }
    }

    private static func nextRecord(_ bytes: UnsafeRawBufferPointer, after start: Int) -> Int? {
        for at in bytes.indices[(start + 1)...] where bytes[at] == JournalRecord.marker[0] {
            if JournalRecord.read(UnsafeRawBufferPointer(rebasing: bytes[at...])) != nil { return at }
        }
        return nil
    }
}
