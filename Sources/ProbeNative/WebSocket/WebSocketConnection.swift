/// A WebSocket over a stream, as its client: frames out, messages in. Answers pings by itself.
struct WebSocketConnection {
    enum Event: Sendable, Hashable {
        case message(WebSocketMessage)
        case close(WebSocketClose)
    }

    private var reader: StreamReader
    private var messages: WebSocketMessages
    private let reactor: Reactor
    var deadline: Instant
    /// The server's, answered.
    private(set) var pings = 0
    private var frames = 0

    init(_ stream: any ByteStream, reactor: Reactor, messageLimit: Int, until deadline: Instant) {
        reader = StreamReader(stream, timeout: .deadlineExceeded)
        messages = WebSocketMessages(limit: messageLimit)
        self.reactor = reactor
        self.deadline = deadline
    }

    /// Sends the opening request and reads the head of its answer.
    /// - Throws: `http_invalid_response`, `connection_reset` when the server ends the connection before its answer does.
    mutating func ask(_ request: [UInt8]) async throws(ProbeFailure) -> WebSocketResponse {
        try await write(request)
        var response = try WebSocketResponse(statusLine: try await line())
        while try response.take(try await line()) {}
        return response
    }

    private mutating func line() async throws(ProbeFailure) -> [UInt8] {
        do throws(ProbeFailure) {
            if let line = try await reader.line(atMost: WebSocketResponse.longestLine, until: deadline) { return line }
        } catch {
            // A line without an end.
            throw error.code == .protocolError ? WebSocketResponse.noHTTP : error
        }
        throw ProbeFailure(.response, .connectionReset, "The server closed the connection without an answer.")
    }

    mutating func send(_ frame: WebSocketFrame) async throws(ProbeFailure) {
        try await write(frame.bytes(maskedBy: Self.random(4)))
    }

    /// The next message or the server's close.
    /// - Throws: `protocol_error`, `body_too_large`, `connection_reset` when the connection ends without a close.
    mutating func next() async throws(ProbeFailure) -> Event {
        while true {
            switch try messages.take(try await frame()) {
            case .message(let message): return .message(message)
            case .close(let close): return .close(close)
            case .ping(let payload):
                pings += 1
                try await send(WebSocketFrame(opcode: .pong, payload: payload))
            case nil: break
            }
        }
    }

    private mutating func frame() async throws(ProbeFailure) -> WebSocketFrame {
        // A server that never stops must not outlast the deadline or keep the reactor from others.
        frames += 1
        if frames % 32 == 0 {
            await Task.yield()
            if Task.isCancelled { throw .cancelled(.response) }
            if reactor.now >= deadline { throw .deadline(.response) }
        }
        let first = try await start()
        let extended = try await reader.exactly(WebSocketFrameHead.extendedLength(first[1]), until: deadline)
        let head = try WebSocketFrameHead(first + extended)
        try messages.admit(head)
        let payload = try await reader.exactly(head.length, until: deadline)
        return WebSocketFrame(opcode: head.opcode, isFinal: head.isFinal, payload: payload)
    }

    private mutating func start() async throws(ProbeFailure) -> [UInt8] {
        do throws(ProbeFailure) { return try await reader.exactly(2, until: deadline) } catch {
            guard error.code == .truncated, reader.pending.isEmpty else { throw error }
            throw ProbeFailure(
                .response, .connectionReset, "The server ended the connection without closing the WebSocket.")
        }
    }

    private func write(_ bytes: [UInt8]) async throws(ProbeFailure) {
        try await reader.stream.write(bytes, until: deadline, stage: .request, timeout: .deadlineExceeded)
    }

    static func random(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        Syscalls.fillRandom(&bytes)
        return bytes
    }
}
