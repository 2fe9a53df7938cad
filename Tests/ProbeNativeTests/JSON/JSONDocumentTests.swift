import ProbeNative
import Testing

@Suite struct JSONDocumentTests {
    @Test func readsAnyValueAndNothingAfterIt() throws {
        #expect(try read("[1, \"a\", null]") == .array([.integer(1), .string("a"), .null]))
        #expect(try read(" true ") == .bool(true))
        #expect(try read("\"x\"") == .string("x"))
        for text in ["", "1 2", "{} x", "nul", "[1", "\u{feff}{}"] {
            #expect(throws: MalformedMessage.self, "\(text)") { try read(text) }
        }
    }

    @Test func sizeAndNestingAreBounded() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        _ = try read(nested(32))
        #expect(throws: MalformedMessage.self) { try read(nested(33)) }
        #expect(throws: MalformedMessage.self) { try read(nested(500_000)) }
        let long = [UInt8](repeating: UInt8(ascii: " "), count: JSONDocument.limit + 1)
        #expect(throws: MalformedMessage.self) { try JSONDocument.read(long) }
    }

    @Test func bytesThatAreNoUTF8AreReplaced() throws {
        let value = try JSONDocument.read([0x22, 0xff, 0x61, 0x22])
        #expect(value.text == "\u{fffd}a")
    }

    @Test func findsMembersAndElements() throws {
        let value = try read(#"{"a": 1, "b": [true], "a": "last"}"#)
        #expect(value["a"]?.text == "last")
        #expect(value["b"]?.elements == [.bool(true)])
        #expect(value["c"] == nil)
        #expect(value["a"]?.elements == [])
        #expect(value["b"]?["a"] == nil)
    }

    /// The examples of RFC 6901 section 5.
    @Test func pointersOfTheStandard() throws {
        let document = try read(
            #"{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}"#
        )
        #expect(JSONPointer("")?.value(in: document) == document)
        #expect(JSONPointer("/foo/0")?.value(in: document) == .string("bar"))
        let numbers = ["/", "/a~1b", "/c%d", "/e^f", "/g|h", "/i\\j", "/k\"l", "/ ", "/m~0n"]
        for (number, pointer) in numbers.enumerated() {
            #expect(JSONPointer(pointer)?.value(in: document) == .integer(Int64(number)), "\(pointer)")
        }
        for pointer in ["/foo/2", "/foo/00", "/foo/-", "/foo/+1", "/foo/0/x", "/nope", "/foo/99999999999999999999"] {
            #expect(JSONPointer(pointer)?.value(in: document) == nil, "\(pointer)")
        }
        for malformed in ["foo", "/a~", "/a~2"] { #expect(JSONPointer(malformed) == nil, "\(malformed)") }
    }

    private func read(_ text: String) throws -> ParameterValue { try JSONDocument.read(Array(text.utf8)) }
}
