import Testing

@testable import ProbeNative

@Suite struct EscapedBytesTests {
    @Test func readsEscapes() {
        #expect(
            EscapedBytes.parse("EHLO a\\r\\n\\t\\0\\\\\\x1b\\xFF") == Array("EHLO a\r\n\t\0\\".utf8) + [0x1b, 0xff])
        #expect(EscapedBytes.parse("caf\u{e9}\r\n") == Array("caf\u{e9}\r\n".utf8))
        for wrong in ["\\", "a\\", "\\q", "\\x", "\\x1", "\\xgg", "\\x-1", "\\x+1"] {
            #expect(EscapedBytes.parse(wrong) == nil, "\(wrong)")
        }
    }

    @Test func showsWhatIsNoTextAsEscapes() {
        #expect(EscapedBytes.text(Array("220 caf\u{e9}\r\n\t\u{1b}[2J\\".utf8)) == "220 caf\u{e9}\\r\\n\\t\\x1b[2J\\\\")
        #expect(EscapedBytes.text([0xff, 0xfd, 0x41, 0xc3, 0x00, 0xe2, 0x82]) == "\\xff\\xfdA\\xc3\\x00\\xe2\\x82")
        // U+202E would turn the direction of what follows.
        #expect(EscapedBytes.text(Array("a\u{202e}b".utf8)) == "a\\xe2\\x80\\xaeb")
    }

    @Test func whatIsShownReadsBackToTheSameBytes() {
        var generator = SplitMix(state: 7)
        for _ in 0..<2000 {
            let bytes = (0..<Int(generator.next() % 40)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            #expect(EscapedBytes.parse(EscapedBytes.text(bytes)) == bytes)
        }
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }
}
