import NIOCore

/// RFC 6455 section 5 on plain buffers: many frames are read from one buffer and written into one, without an object or
/// an event for each. The load generators must be far cheaper than what they measure.
enum Frames {
    enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10
    }

    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    /// Appends one frame. A client's is masked with `mask`.
    static func write(
        _ opcode: Opcode, _ payload: some Collection<UInt8>, mask: UInt32? = nil, to buffer: inout ByteBuffer
    ) {
        buffer.writeInteger(0x80 | opcode.rawValue)
        let masked: UInt8 = mask == nil ? 0 : 0x80
        switch payload.count {
        case 0...125: buffer.writeInteger(masked | UInt8(payload.count))
        case 126...0xffff:
            buffer.writeInteger(masked | 126)
            buffer.writeInteger(UInt16(payload.count))
        default:
            buffer.writeInteger(masked | 127)
            buffer.writeInteger(UInt64(payload.count))
        }
        if let mask { buffer.writeInteger(mask) }
        let start = buffer.writerIndex
        buffer.writeBytes(payload)
        if let mask { unmask(&buffer, at: start, count: payload.count, mask) }
    }

    /// Calls `body` with each whole frame and consumes it. Messages in several frames are not put together: no peer of
    /// the benchmarks sends any.
    static func read(
        _ buffer: inout ByteBuffer, _ body: (Opcode, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        while let frame = try header(buffer) {
            if let mask = frame.mask { unmask(&buffer, at: frame.start, count: frame.count, mask) }
            try buffer.withUnsafeReadableBytes { bytes in
                let offset = frame.start - buffer.readerIndex
                try body(frame.opcode, UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + frame.count]))
            }
            buffer.moveReaderIndex(to: frame.start + frame.count)
        }
    }

    private struct Header {
        var opcode: Opcode
        var start: Int
        var count: Int
        var mask: UInt32?
    }

    /// Nil while the frame is not there as a whole.
    private static func header(_ buffer: ByteBuffer) throws -> Header? {
        var rest = buffer
        guard let first = rest.readInteger(as: UInt8.self), let second = rest.readInteger(as: UInt8.self) else {
            return nil
        }
        guard first & 0xf0 == 0x80, let opcode = Opcode(rawValue: first & 0x0f), opcode != .continuation else {
            throw Broken(description: "a frame that begins with \(first): fragments and extensions are not expected")
        }
        var count = Int(second & 0x7f)
        if count == 126 {
            guard let long = rest.readInteger(as: UInt16.self) else { return nil }
            count = Int(long)
        } else if count == 127 {
            guard let long = rest.readInteger(as: UInt64.self) else { return nil }
            guard long <= 16 << 20 else { throw Broken(description: "a frame of \(long) bytes") }
            count = Int(long)
        }
        var mask: UInt32?
        if second & 0x80 != 0 {
            mask = rest.readInteger()
            if mask == nil { return nil }
        }
        guard rest.readableBytes >= count else { return nil }
        return Header(opcode: opcode, start: rest.readerIndex, count: count, mask: mask)
    }

    private static func unmask(_ buffer: inout ByteBuffer, at start: Int, count: Int, _ mask: UInt32) {
        let offset = start - buffer.readerIndex
        buffer.withUnsafeMutableReadableBytes { all in
            let bytes = UnsafeMutableRawBufferPointer(rebasing: all[offset..<offset + count])
            let word = UInt64(mask.bigEndian) | UInt64(mask.bigEndian) << 32
            var index = 0
            while index + 8 <= count {
                let value = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                bytes.storeBytes(of: value ^ word, toByteOffset: index, as: UInt64.self)
                index += 8
            }
            while index < count {
                bytes[index] ^= UInt8(truncatingIfNeeded: word >> (8 * UInt64(index & 7)))
                index += 1
            }
        }
    }
}
