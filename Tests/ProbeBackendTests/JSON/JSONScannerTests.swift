import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct JSONScannerTests {
    private func members(_ text: String, depth: Int = 32) throws -> RawObject? { try RawObject(Array(text.utf8)) }

    @Test(arguments: [
        "{}", #" {"a" : 1 , "b":[true,false,null] } "#, #"{"a":-0.5e+10,"b":"é\u00e9\n\\","c":{}}"#,
        #"{"a":[[],[{}],""]}"#,
    ])
    func acceptsObjects(_ text: String) throws {
        #expect(try members(text) != nil)
    }

    @Test(arguments: ["[]", "1", "\"a\"", "null", " true "])
    func otherValuesAreNotObjects(_ text: String) throws {
        #expect(try members(text) == nil)
    }

    @Test(arguments: [
        "", " ", "{", "}", "{]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{a:1}"#, #"{"a":01}"#, #"{"a":1.}"#,
        #"{"a":.5}"#, #"{"a":+1}"#, #"{"a":1e}"#, #"{"a":NaN}"#, #"{"a":tru}"#, #"{"a":"\x"}"#, #"{"a":"\u12g4"}"#,
        "{\"a\":\"\n\"}", #"{"a":"unended}"#, "{} {}", "{}x", "[1,]", "[1 2]", "'a'", "{\"a\":\"\\",
    ])
    func refusesMalformedText(_ text: String) {
        #expect(throws: JSONScanner.Failure.self) { try members(text) }
    }

    @Test func keepsTheBytesOfAMember() throws {
        let object = try #require(try members(#"{"result": {"x":1.50, "big":123456789012345678901} ,"y":2}"#))
        let result = try #require(object["result"])
        #expect(String(decoding: result.bytes, as: UTF8.self) == #"{"x":1.50, "big":123456789012345678901}"#)
        #expect(object["absent"] == nil)
    }

    @Test func theLastOfARepeatedKeyCounts() throws {
        let object = try #require(try members(#"{"a":1,"a":2}"#))
        #expect(object["a"]?.bytes == Array("2".utf8))
    }

    @Test func boundsTheNesting() throws {
        func nested(_ depth: Int) -> String {
            #"{"a":"# + String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1) + "}"
        }
        #expect(try members(nested(32)) != nil)
        #expect(throws: JSONScanner.Failure.tooDeep(limit: 32)) { try members(nested(33)) }
        #expect(throws: JSONScanner.Failure.tooDeep(limit: 32)) {
            try members(String(repeating: #"{"a":"#, count: 200_000))
        }
    }

    @Test func findsElements() throws {
        let text = Array("[1, {\"a\":2} ,\"x\"]".utf8)
        let elements = try #require(try JSONScanner.elements(of: text, depth: 32))
        #expect(elements.map { String(decoding: text[$0], as: UTF8.self) } == ["1", "{\"a\":2}", "\"x\""])
    }
}
