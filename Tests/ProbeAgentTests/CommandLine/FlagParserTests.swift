import Testing

@testable import probe_agent

struct FlagParserTests {
    private static let parser = FlagParser(
        [
            Flag(name: "count", short: "-c", form: .value(placeholder: "N"), help: ""),
            Flag(name: "interval-ms", form: .value(placeholder: "MS"), help: ""),
            Flag(name: "dnssec", form: .toggle(isOn: false), help: ""),
            Flag(name: "headers", short: "-H", form: .pairs, help: ""),
        ], presets: ["-4": .init(flag: "ip-version", value: "4")])

    private func matches(_ words: String...) throws -> [String] {
        try Self.parser.parse(words).matches.map { "\($0.flag)=\($0.value)" }
    }

    @Test func readsEverySpelling() throws {
        #expect(try matches("--count", "4") == ["count=4"])
        #expect(try matches("--count=4") == ["count=4"])
        #expect(try matches("-c", "4") == ["count=4"])
        #expect(try matches("-c4") == ["count=4"])
        #expect(try matches("--interval-ms", "10", "--interval_ms=20") == ["interval-ms=10", "interval-ms=20"])
        #expect(try matches("--dnssec") == ["dnssec=true"])
        #expect(try matches("--no-dnssec") == ["dnssec=false"])
        #expect(try matches("--dnssec=false") == ["dnssec=false"])
        #expect(try matches("-H", "A: 1", "-H", "B: 2") == ["headers=A: 1", "headers=B: 2"])
        #expect(try matches("-4") == ["ip-version=4"])
        #expect(try matches("--count=") == ["count="])
        #expect(try matches("-c", "-5") == ["count=-5"])
        #expect(try matches("--headers=--x=y") == ["headers=--x=y"])
    }

    @Test func keepsOperandsInOrder() throws {
        let parsed = try Self.parser.parse(["a", "--count", "4", "-", "b", "--", "--count", "-z"])
        #expect(parsed.operands == ["a", "-", "b", "--count", "-z"])
        #expect(parsed.last("count") == "4")
    }

    @Test(arguments: [
        (["--cuont", "4"], "There is no flag --cuont; did you mean --count?"),
        (["--no-dnsec"], "There is no flag --no-dnsec; did you mean --no-dnssec?"),
        (["--zzzzzz"], "There is no flag --zzzzzz."),
        (["--no-count"], "There is no flag --no-count; did you mean --count?"),
        (["-x"], "There is no flag -x."),
        (["--count"], "--count needs a value."),
        (["--count", "--dnssec"], "--count needs a value."),
        (["-c"], "-c needs a value."),
        (["--\u{1b}[31m"], "There is no flag --\\u{1b}[31m."),
    ])
    func refuses(words: [String], sentence: String) {
        #expect { try Self.parser.parse(words) } throws: { "\($0)" == sentence }
    }
}
