import Foundation
import ProbeTesting
import Testing

@testable import ProbeAgent

struct LogFormatTests {
    private func text(_ format: LogFormat, _ fields: [(String, String)]) -> String {
        String(decoding: format.line(fields), as: UTF8.self)
    }

    @Test(arguments: [
        ("word", "word"), ("10.1.2.3:443", "10.1.2.3:443"), ("", #""""#), ("two words", #""two words""#),
        ("a=b", #""a=b""#), (#"say "hi""#, #""say \"hi\"""#), (#"C:\x"#, #""C:\\x""#), ("grün", "\"grün\""),
        ("a\nlevel=error", #""a\nlevel=error""#), ("\u{1b}[31m", #""\u001b[31m""#), ("\r\t\0", #""\r\t\u0000""#),
        ("\u{85}\u{2028}\u{2029}", #""\u0085\u2028\u2029""#), ("\u{202E}txt", #""\u202etxt""#), ("🛰", "\"🛰\""),
    ])
    func logfmtQuotesWhatIsNotPlain(value: String, shown: String) {
        #expect(text(.logfmt, [("event", "x"), ("key", value)]) == "event=x key=\(shown)\n")
    }

    @Test func keysStayOneWord() {
        #expect(text(.logfmt, [("a key=\n", "v")]) == "a_key__=v\n")
        #expect(text(.json, [("a\n\"", "v")]) == #"{"a\n\"":"v"}"# + "\n")
    }

    /// Another JSON reader finds what was written, whatever it was, and no text makes a second line.
    @Test func anyTextSurvivesAsOneLineOfJSON() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let scalars = (0..<Int.random(in: 0...40)).compactMap { _ in
                Unicode.Scalar(
                    UInt32.random(in: 0...(Bool.random() ? 0x7f : 0x2fff), using: &generator))
            }
            let value = String(String.UnicodeScalarView(scalars))
            let line = LogFormat.json.line([("time", "t"), ("value", value)])
            #expect(line.count { $0 == 10 } == 1 && line.last == 10)
            let parsed = try JSONSerialization.jsonObject(with: Data(line)) as? [String: String]
            #expect(parsed?["value"].map { Array($0.unicodeScalars) } == scalars, "\(scalars)")
            let plain = LogFormat.logfmt.line([("time", "t"), ("value", value)])
            #expect(plain.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "\(scalars)")
        }
    }

    @Test(arguments: LogFormat.allCases) func longValuesAreCut(format: LogFormat) {
        let line = format.line([("value", String(repeating: "ä", count: 10_000))])
        #expect(line.count < LogFormat.longestValue + 32)
        #expect(String(validating: line, as: UTF8.self)?.contains("ä…\"") == true)
    }
}
