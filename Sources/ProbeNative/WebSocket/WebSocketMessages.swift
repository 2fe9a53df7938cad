/// A message in whole.
struct WebSocketMessage: Sendable, Hashable {
    var isText: Bool
    var payload: [UInt8]
}

/// Puts a server's frames together to messages (RFC 6455 section 5.4). No I/O in here.
struct WebSocketMessages: Sendable {
    enum Event: Sendable, Hashable {
        case message(WebSocketMessage)
        case ping([UInt8])
        case close(WebSocketClose)
    }

    /// Bytes of a message; a longer one is refused before it is read.
    let limit: Int
    private var isText = true
    /// Of a message whose last frame has not come; nil between messages.
    private var begun: [UInt8]?

    init(limit: Int) { self.limit = limit }

    /// Asked before a frame's payload is read.
    /// - Throws: `body_too_large`, or `protocol_error` for a frame that must not come now.
    func admit(_ head: WebSocketFrameHead) throws(ProbeFailure) {
        if head.opcode.isControl { return }
        if begun != nil, head.opcode != .continuation {
            throw WebSocketFrameHead.broken("a message begins inside another")
        }
        if begun == nil, head.opcode == .continuation {
            throw WebSocketFrameHead.broken("a continuation has nothing to continue")
        }
        guard head.length <= limit - (begun?.count ?? 0) else {
            throw ProbeFailure(.response, .bodyTooLarge, "The server sends a message of more than \(limit) bytes.")
        }
    }

    /// What has come about with this frame; nil when more must come, or for a pong.
    /// - Throws: as `admit`; `protocol_error` for text that is not UTF-8 and a bad close.
    mutating func take(_ frame: WebSocketFrame) throws(ProbeFailure) -> Event? {
        try admit(
            WebSocketFrameHead(opcode: frame.opcode, isFinal: frame.isFinal, length: frame.payload.count))
        switch frame.opcode {
        case .ping: return .ping(frame.payload)
        case .pong: return nil
        case .close: return .close(try WebSocketClose(frame.payload))
        case .text, .binary: isText = frame.opcode == .text
        case .continuation: break
        }
        let whole = (begun.take() ?? []) + frame.payload
        guard frame.isFinal else {
            begun = whole
            return nil
        }
        guard !isText || String(validating: whole, as: UTF8.self) != nil else {
            throw WebSocketFrameHead.broken("a text message is not UTF-8")
        }
        return .message(WebSocketMessage(isText: isText, payload: whole))
    }
}

extension WebSocketFrameHead {
    fileprivate init(opcode: WebSocketFrame.Opcode, isFinal: Bool, length: Int) {
        self.opcode = opcode
        self.isFinal = isFinal
        self.length = length
    }
}
