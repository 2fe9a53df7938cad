/// One frame of RFC 6455 section 5.2.
struct WebSocketFrame: Sendable, Hashable {
    enum Opcode: UInt8, Sendable, Hashable {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10

        var isControl: Bool { rawValue >= 8 }
    }

    var opcode: Opcode
    var isFinal = true
    var payload: [UInt8] = []

    /// As a client sends it: masked by four bytes that the peer could not foresee (section 10.3).
    func bytes(maskedBy key: [UInt8]) -> [UInt8] {
        var bytes = [(isFinal ? 0x80 : 0) | opcode.rawValue]
        switch payload.count {
        case ...125: bytes.append(0x80 | UInt8(payload.count))
        case ...0xffff:
            bytes.append(0x80 | 126)
            bytes += withUnsafeBytes(of: UInt16(payload.count).bigEndian, Array.init)
        default:
            bytes.append(0x80 | 127)
            bytes += withUnsafeBytes(of: UInt64(payload.count).bigEndian, Array.init)
        }
        bytes += key
        bytes.reserveCapacity(bytes.count + payload.count)
        for (index, byte) in payload.enumerated() { bytes.append(byte ^ key[index & 3]) }
        return bytes
    }
}

/// What stands before a server's payload.
struct WebSocketFrameHead: Sendable, Hashable {
    var opcode: WebSocketFrame.Opcode
    var isFinal: Bool
    var length: Int

    /// Bytes of the extended length that the second byte announces.
    static func extendedLength(_ second: UInt8) -> Int {
        switch second & 0x7f {
        case 126: 2
        case 127: 8
        default: 0
        }
    }

    /// - Parameter bytes: the first two and their extended length.
    /// - Throws: `protocol_error` for what a server must not send: masks, reserved bits and opcodes, long or fragmented
    ///   control frames, lengths that are not in their shortest form.
    init(_ bytes: [UInt8]) throws(ProbeFailure) {
        guard bytes.count >= 2, bytes.count == 2 + Self.extendedLength(bytes[1]) else {
            throw Self.broken("a frame ends in its head")
        }
        if bytes[0] & 0x70 != 0 { throw Self.broken("reserved bits are set, and no extension was agreed on") }
        guard let opcode = WebSocketFrame.Opcode(rawValue: bytes[0] & 15) else {
            throw Self.broken("a frame has the unknown opcode \(bytes[0] & 15)")
        }
        if bytes[1] & 0x80 != 0 { throw Self.broken("a server must not mask its frames") }
        self.opcode = opcode
        isFinal = bytes[0] & 0x80 != 0
        let extended = bytes.dropFirst(2).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        switch bytes[1] {
        case 126 where extended < 126, 127 where extended < 0x1_0000:
            throw Self.broken("a length is not in its shortest form")
        case 127 where extended > UInt64(Int64.max): throw Self.broken("a length has its highest bit set")
        case 126, 127: length = Int(extended)
        default: length = Int(bytes[1])
        }
        if opcode.isControl, !isFinal || length > 125 {
            throw Self.broken("a control frame is fragmented or longer than 125 bytes")
        }
    }

    static func broken(_ what: String) -> ProbeFailure {
        ProbeFailure(.response, .protocolError, "The server breaks the WebSocket protocol: \(what).")
    }
}

/// The body of a close frame (section 5.5.1).
struct WebSocketClose: Sendable, Hashable {
    /// Nil when the frame has none.
    var code: Int?
    var reason: String

    static let normal = WebSocketClose(code: 1000, reason: "")

    init(code: Int?, reason: String) {
        self.code = code
        self.reason = reason
    }

    /// - Throws: `protocol_error` for half a code, one that is never sent (section 7.4), or a reason that is not UTF-8.
    init(_ payload: [UInt8]) throws(ProbeFailure) {
        guard !payload.isEmpty else {
            self.init(code: nil, reason: "")
            return
        }
        guard payload.count >= 2 else { throw WebSocketFrameHead.broken("a close frame has half a code") }
        let code = Int(payload[0]) << 8 | Int(payload[1])
        guard (1000...4999).contains(code), ![1004, 1005, 1006, 1015].contains(code) else {
            throw WebSocketFrameHead.broken("a close frame has the code \(code)")
        }
        guard let reason = String(validating: payload.dropFirst(2), as: UTF8.self) else {
            throw WebSocketFrameHead.broken("the reason of a close frame is not UTF-8")
        }
        self.init(code: code, reason: reason)
    }

    var payload: [UInt8] {
        guard let code else { return [] }
        return [UInt8(code >> 8 & 255), UInt8(code & 255)] + Array(reason.utf8.prefix(123))
    }
}
