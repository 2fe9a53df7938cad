import Foundation
import ProbeNative
import Testing

@testable import ProbeProtocol

@Suite struct JSONWriterTests {
    private struct Sample: Report {
        var text = ""
        var number = 0.0
        func write(to writer: inout some ReportWriter) {
            writer.field("text", text)
            writer.field("number", number)
            writer.field("none", nil as Int?)
            writer.field("flag", true)
            writer.field("time", .time(WallTime(nanoseconds: 0)))
            writer.object("object") { writer in
                writer.member("x-\"header\"\n", .integer(-7))
                writer.strings("list", ["a", "b"])
            }
            writer.array("objects", [1, 2]) { $0.field("n", $1) }
            writer.object("empty") { _ in }
            if writer.admits(.body, "body") { writer.field("body", "long") }
        }
    }

    @Test(arguments: ["", "plain", "q\"b\\s/\n\r\t\u{1}\u{1f}\u{7f}", "é日本\u{10FFFF}", "\u{2028}"])
    func textReadsBackByFoundation(_ text: String) throws {
        let object = try read(Sample(text: text))
        #expect(object["text"] as? String == text)
        #expect(object["none"] is NSNull)
        #expect((object["object"] as? [String: Any])?["x-\"header\"\n"] as? Int == -7)
        #expect((object["objects"] as? [[String: Int]]) == [["n": 1], ["n": 2]])
    }

    @Test(arguments: [
        (0.0, "0"), (1.5, "1.5"), (-0.25, "-0.25"), (0.000001, "0.000001"), (33.333333333, "33.333333"),
        (100, "100"), (1e15, "1000000000000000.0"), (-0.0000001, "0"), (.infinity, "null"), (.nan, "null"),
        (123456789.123456, "123456789.123456"),
    ])
    func numbersAreShort(_ number: Double, _ expected: String) throws {
        let text = String(decoding: JSONWriter.object(Sample(number: number)), as: UTF8.self)
        #expect(text.contains("\"number\":\(expected),"))
        _ = try read(Sample(number: number))
    }

    @Test func leftOutPartsAreNamed() throws {
        let whole = try read(Sample())
        #expect(whole["body"] as? String == "long")
        var writer = JSONWriter(leavingOut: .body)
        writer.object { Sample().write(to: &$0) }
        #expect(writer.truncatedFields == ["body"])
        #expect(!String(decoding: writer.bytes, as: UTF8.self).contains("long"))
    }

    private func read(_ report: some Report) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(JSONWriter.object(report))) as? [String: Any])
    }
}
