/// The commands that tests use most; the others go through `command`.
extension FakeController {
    /// How connections are treated from now on, for example `["handshake": "reject", "status": 503]`.
    public func policy(_ fields: JSONValue) async throws { try await command("policy", fields) }

    /// One text frame.
    public func send(_ message: JSONValue) async throws { try await command("send", ["message": message]) }

    public func send(text: String) async throws { try await command("send", ["text": .string(text)]) }

    /// A `diagnostic_job`; `extra` goes over the message's members (`timeout`, `priority`, ...).
    public func sendJob(
        _ requestID: String, tool: String, target: String, parameters: JSONValue = [:], extra: JSONValue = [:]
    ) async throws {
        let job: JSONValue = [
            "type": "diagnostic_job", "request_id": .string(requestID), "tool": .string(tool),
            "target": .string(target), "parameters": parameters,
        ]
        try await send(job.merging(extra))
    }

    /// One text message in frames of at most `size` bytes, by request with a ping between them.
    public func sendFragments(_ text: String, size: Int, withPing: Bool = false) async throws {
        try await command("fragments", ["text": .string(text), "size": .number(Double(size)), "ping": .bool(withPing)])
    }

    /// One frame of `count` times the letter x: too large a message, or not text at all.
    public func sendFrame(opcode: String = "text", count: Int) async throws {
        try await command("frame", ["opcode": .string(opcode), "text": "x", "repeat": .number(Double(count))])
    }

    public func sendInvalidUTF8() async throws {
        try await command("frame", ["opcode": "text", "hex": "7b22c328227d"])
    }

    public func ping(_ payload: String = "ping") async throws {
        try await command("ping", ["payload": .string(payload)])
    }

    /// The closing handshake; returns when the connection is closed.
    public func close(code: Int, reason: String = "") async throws {
        try await command("close", ["code": .number(Double(code)), "reason": .string(reason)])
    }

    /// Resets the TCP connection.
    public func abort() async throws { try await command("abort") }

    /// Stops or goes on reading the connection: the node's writes fill the buffers.
    public func pauseReading() async throws { try await command("pause") }
    public func resumeReading() async throws { try await command("resume") }
}
