import Foundation
import ProbeNative
import Testing

@testable import ProbeAgent

struct ConfigTokenTests {
    static func encoded(_ text: String) -> String {
        Data(text.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
            "=", with: "")
    }

    /// Unsigned in effect: the node cannot verify a signature.
    static func token(_ payload: String, header: String = #"{"alg":"HS256","typ":"JWT"}"#) -> String {
        [encoded(header), encoded(payload), encoded("signature?>")].joined(separator: ".")
    }

    static let claims = #""NODE_UUID":"node-1","API_KEY":"pnode_5ecret","BACKEND_URL":"https://b.example""#
    private static let now = WallTime(nanoseconds: 1_800_000_000 * 1_000_000_000)

    private func read(_ token: String) throws -> [String: String] {
        try ConfigToken(Secret(token), from: "--token", now: Self.now).claims.mapValues(\.text)
    }

    @Test func holdsWhatTheNodeNeeds() throws {
        let more = #","NODE_NAME":"Köln","LOG_LEVEL":"debug","HEARTBEAT_INTERVAL":20,"exp":1800000001,"sub":["x"]"#
        for header in [#"{"alg":"HS256"}"#, #"{"alg":"none"}"#, "{}"] {
            #expect(
                try read(Self.token("{\(Self.claims)\(more)}", header: header)) == [
                    "uuid": "node-1", "key": "pnode_5ecret", "backend": "https://b.example", "hostname": "Köln",
                    "log-level": "debug", "heartbeat": "20",
                ])
        }
        #expect(try read(Self.token("{\(Self.claims)}")).count == 3)
        #expect(try read(Self.token("{\(Self.claims),\"exp\":1e300}")).count == 3)
    }

    @Test(arguments: [
        ("", "three parts"), ("a.b", "three parts"), ("a.b.c.d", "three parts"), ("e30.e30=.x", "base64url"),
        ("e30.+.x", "base64url"), ("e30.a.x", "base64url"), ("ew.e30.c2ln", "head is no JSON"),
        ("e30.WzFd.c2ln", "no JSON object"),
        ("bm8.e30.c2ln", "head is no JSON"), (token(#"{"NODE_UUID":"n"}"#), "API_KEY"),
        (token("{\(claims),\"exp\":1800000000}"), "expired at 2027-01-15T08:00:00.000Z"),
        (token("{\(claims),\"exp\":-1e300}"), "expired at 1970"), (token("{\(claims),\"exp\":\"soon\"}"), "exp"),
        (token("{\(claims),\"LOG_LEVEL\":{}}"), "LOG_LEVEL"), (String(repeating: "a", count: 20_000), "longer than"),
    ])
    func whatIsWrongIsOneSentence(token: String, part: String) throws {
        let refusal = #expect(throws: ConfigurationError.self) { try read(token) }
        let sentence = refusal?.description ?? ""
        #expect(sentence.hasPrefix("The token of --token ") && sentence.hasSuffix("."), "\(sentence)")
        #expect(sentence.contains(part) && !sentence.contains("5ecret"), "\(sentence)")
    }

    @Test func anythingAtAllIsReadOrRefused() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("abcXYZ019-_.=+/{}\"".unicodeScalars)
        for _ in 0..<2000 {
            let text = String(
                String.UnicodeScalarView(
                    (0..<Int.random(in: 0...60)).map { _ in alphabet.randomElement(using: &random)! }))
            #expect(throws: ConfigurationError.self) { try read(text) }
        }
    }
}
