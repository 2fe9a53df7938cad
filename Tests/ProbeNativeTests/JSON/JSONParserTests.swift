import Foundation
import ProbeNative
import Testing

@Suite struct JSONParserTests {
    @Test(arguments: [
        #"{"a":1,"b":-2.5e3,"c":"x","d":[true,false,null],"e":{"f":{}}}"#,
        #" { "k" : [ ] , "s" : "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00" } "#,
        #"{"big":9223372036854775807,"small":-9223372036854775807,"huge":1e308,"zero":-0}"#,
        #"{"é":"日本語"}"#,
    ])
    func agreesWithFoundation(_ text: String) throws {
        let ours = try parse(text)
        let theirs = try JSONSerialization.jsonObject(with: Data(text.utf8))
        #expect(NSDictionary(dictionary: try #require(foundation(ours) as? [String: Any])) == theirs as? NSDictionary)
    }

    @Test(arguments: [
        "", " ", "{", "}", "[]", "null", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":01}", "{\"a\":1.}",
        "{\"a\":.5}", "{\"a\":+1}", "{\"a\":1e}", "{\"a\":1e999}", "{\"a\":tru}", "{\"a\":\"\u{1}\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\\ud800\"}", "{\"a\":\"unended}", "{\"a\":1}{",
        "{\"a\":1} x", "{\"a\":[1,]}", "{\"a\":[1 2]}", "{\"a\":\"\\", "{\"a\":NaN}", "{\"a\":-}", "{'a':1}",
    ])
    func refusesWhatFoundationRefuses(_ text: String) {
        #expect(throws: MalformedMessage.self) { try parse(text) }
    }

    @Test func nestingIsBounded() throws {
        func nested(_ levels: Int) -> String {
            "{\"a\":" + String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1) + "}"
        }
        _ = try parse(nested(32))
        #expect(throws: MalformedMessage.self) { try parse(nested(33)) }
        #expect(throws: MalformedMessage.self) { try parse(nested(100_000)) }
    }

    /// Any bytes: an answer or a refusal, never a crash; and what is accepted, Foundation accepts too.
    @Test func survivesMutations() throws {
        var generator = SeededGenerator(seed: 0x5EED)
        let seeds = [
            #"{"type":"diagnostic_job","request_id":"r1","tool":"ping","target":"a.b","parameters":{"count":4},"timeout":3.5}"#,
            #"{"s":"\u00e9\ud83d\ude00\n","n":[-1.5e-3,0,12],"o":{"a":{"b":[{}]}}}"#,
        ].map { Array($0.utf8) }
        var accepted = 0
        for round in 0..<20_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[at] = UInt8.random(in: 0x20...0x7e, using: &generator)
                case 1: bytes.remove(at: at)
                default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &generator)], at: at)
                }
            }
            if let value = try? parse(String(decoding: bytes, as: UTF8.self)) {
                accepted += 1
                let theirs = try? JSONSerialization.jsonObject(with: Data(bytes))
                #expect(theirs != nil, "accepted \(String(decoding: bytes, as: UTF8.self)), read as \(value)")
            }
        }
        #expect(accepted > 100)
    }

    private func parse(_ text: String) throws -> ParameterValue {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBytes { raw in
            var members: [ParameterValue.Member] = []
            var parser = JSONParser(raw)
            try parser.document { (name, parser) throws(MalformedMessage) in
                members.append(.init(name.string, try parser.value(depth: 1)))
            }
            return .object(members)
        }
    }

    private func foundation(_ value: ParameterValue) -> Any {
        switch value {
        case .null: NSNull()
        case .bool(let flag): flag
        case .integer(let number): number
        case .number(let number): number
        case .string(let text): text
        case .array(let elements): elements.map(foundation)
        case .object(let members): Dictionary(members.map { ($0.name, foundation($0.value)) }) { $1 }
        }
    }
}
