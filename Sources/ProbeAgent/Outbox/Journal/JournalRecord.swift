import ProbeNative

/// What the journal is told, and what a segment file consists of.
///
/// On disk, little endian: marker (4 bytes), length of the body (4), CRC-32C of length and body (4), body. The body of an
/// answer: 1, sequence (8), wall time in nanoseconds (8), length of the identifier (2), identifier, frame. The body of a
/// settlement: 2, sequence (8). The marker is there to be found again behind damage; its last byte is the format's
/// version.
enum JournalRecord: Sendable, Hashable {
    case answer(OutboundEntry, at: WallTime)
    case settled(UInt64)

    static let marker: [UInt8] = [0xe7, 0x50, 0x4f, 0x01]
    static let headSize = 12

    var sequence: UInt64 {
        switch self {
        case .answer(let entry, _): entry.sequence
        case .settled(let sequence): sequence
        }
    }

    // MARK: Bytes out

    func write(to buffer: inout [UInt8]) {
        let start = buffer.count
        buffer += Self.marker
        buffer.append(little: UInt32(0))
        buffer.append(little: UInt32(0))
        switch self {
        case .answer(let entry, let time):
            buffer.append(1)
            buffer.append(little: entry.sequence)
            buffer.append(little: UInt64(bitPattern: time.nanoseconds))
            // The wire takes identifiers of 256 bytes at most.
            let name = entry.requestID.utf8.prefix(Int(UInt16.max))
            buffer.append(little: UInt16(name.count))
            buffer += name
            buffer += entry.bytes
        case .settled(let sequence):
            buffer.append(2)
            buffer.append(little: sequence)
        }
        let length = UInt32(buffer.count - start - Self.headSize)
        buffer.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: length.littleEndian, toByteOffset: start + 4, as: UInt32.self)
            let sum = Self.checksum(UnsafeRawBufferPointer(rebasing: bytes[start...]))
            bytes.storeBytes(of: sum.littleEndian, toByteOffset: start + 8, as: UInt32.self)
        }
    }

    // MARK: Bytes in

    /// The record that begins at the first of `bytes`, and its size; nil when there is none, or not all of it.
    static func read(_ bytes: UnsafeRawBufferPointer) -> (record: JournalRecord, size: Int)? {
        guard bytes.count >= headSize, bytes.starts(with: marker) else { return nil }
        let length = Int(bytes.little(UInt32.self, at: 4))
        guard length <= bytes.count - headSize else { return nil }
        let whole = UnsafeRawBufferPointer(rebasing: bytes[..<(headSize + length)])
        guard checksum(whole) == bytes.little(UInt32.self, at: 8), let record = body(whole) else { return nil }
        return (record, whole.count)
    }

    private static func body(_ whole: UnsafeRawBufferPointer) -> JournalRecord? {
        switch (whole.dropFirst(headSize).first, whole.count - headSize) {
        case (1, 19...):
            let end = headSize + 19 + Int(whole.little(UInt16.self, at: headSize + 17))
            guard end <= whole.count else { return nil }
            let entry = OutboundEntry(
                sequence: whole.little(UInt64.self, at: headSize + 1),
                requestID: String(decoding: whole[(headSize + 19)..<end], as: UTF8.self), bytes: Array(whole[end...]))
            let time = Int64(bitPattern: whole.little(UInt64.self, at: headSize + 9))
            return .answer(entry, at: WallTime(nanoseconds: time))
        case (2, 9): return .settled(whole.little(UInt64.self, at: headSize + 1))
        default: return nil
        }
    }

    private static func checksum(_ whole: UnsafeRawBufferPointer) -> UInt32 {
        var sum = CRC32C()
        sum.add(UnsafeRawBufferPointer(rebasing: whole[4..<8]))
        sum.add(UnsafeRawBufferPointer(rebasing: whole[headSize...]))
        return sum.value
    }
}

extension [UInt8] {
    fileprivate mutating func append<Number: FixedWidthInteger>(little number: Number) {
        Swift.withUnsafeBytes(of: number.littleEndian) { self += $0 }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func little<Number: FixedWidthInteger>(_: Number.Type, at offset: Int) -> Number {
        Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
