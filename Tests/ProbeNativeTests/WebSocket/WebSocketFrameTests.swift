import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct WebSocketFrameTests {
    /// RFC 6455 section 1.3.
    @Test func acceptanceOfTheStandardsKey() {
        #expect(WebSocketHandshake.acceptance(of: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    /// RFC 6455 section 5.7.
    @Test func framesOfTheStandard() throws {
        let masked = WebSocketFrame(opcode: .text, payload: Array("Hello".utf8)).bytes(
            maskedBy: [0x37, 0xfa, 0x21, 0x3d])
        #expect(masked == [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58])
        let head = try WebSocketFrameHead([0x01, 0x03])
        #expect(head.opcode == .text && !head.isFinal && head.length == 3)
        #expect(try WebSocketFrameHead([0x82, 0x7e, 0x01, 0x00]).length == 256)
        #expect(try WebSocketFrameHead([0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]).length == 65536)
        let medium = WebSocketFrame(opcode: .binary, payload: [UInt8](repeating: 0, count: 300))
        #expect(medium.bytes(maskedBy: [0, 0, 0, 0]).prefix(4) == [0x82, 0xfe, 0x01, 0x2c])
        let large = WebSocketFrame(opcode: .binary, payload: [UInt8](repeating: 0, count: 70000))
        #expect(large.bytes(maskedBy: [0, 0, 0, 0]).prefix(10) == [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x70])
    }

    @Test func messagesComeTogetherAroundControlFrames() throws {
        var messages = WebSocketMessages(limit: 10)
        func take(_ opcode: WebSocketFrame.Opcode, _ text: String, final: Bool = true) throws -> WebSocketMessages
            .Event?
        {
            try messages.take(WebSocketFrame(opcode: opcode, isFinal: final, payload: Array(text.utf8)))
        }
        #expect(try take(.text, "Hel", final: false) == nil)
        #expect(try take(.ping, "p") == .ping([0x70]))
        #expect(try take(.pong, "") == nil)
        #expect(
            try take(.continuation, "lo") == .message(WebSocketMessage(isText: true, payload: Array("Hello".utf8))))
        #expect(try take(.close, "") == .close(WebSocketClose(code: nil, reason: "")))
        _ = try take(.binary, "123456", final: false)
        #expect(throws: ProbeFailure.self) { try take(.continuation, "78901") }
    }

    @Test func aCloseReadsBackAsWritten() throws {
        let close = WebSocketClose(code: 4321, reason: "über")
        #expect(try WebSocketClose(close.payload) == close)
        #expect(WebSocketClose(code: 1000, reason: String(repeating: "x", count: 200)).payload.count == 125)
        for code in [999, 1004, 1005, 1006, 1015, 5000] {
            #expect(throws: ProbeFailure.self, "\(code)") {
                try WebSocketClose([UInt8(code >> 8), UInt8(code & 255)])
            }
        }
    }
}
