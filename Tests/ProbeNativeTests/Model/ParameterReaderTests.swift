import Testing

@testable import ProbeNative

@Suite struct ParameterReaderTests {
    @Test func theLastOfEqualNamesCountsAndTheUnreadAreListedOnce() throws {
        var reader = ParameterReader([
            .init("count", .integer(1)), .init("zebra", .null), .init("count", .integer(2)),
            .init("apple", .integer(1)),
            .init("zebra", .bool(true)),
        ])
        #expect(reader.integer("count", default: 9, in: 1...10, help: "") == 2)
        #expect(try reader.finish() == ["apple", "zebra"])
    }

    @Test func nullIsAbsent() throws {
        var reader = ParameterReader([.init("count", .integer(3)), .init("count", .null)])
        #expect(reader.integer("count", default: 9, in: 1...10, help: "") == 9)
        #expect(try reader.finish().isEmpty)
    }

    @Test func declarationsKnowDefaultsAndRanges() {
        let declarations = ParameterReader.describe { reader in
            _ = reader.integer("count", default: 4, in: 1...100, help: "packets")
            _ = reader.number("wait", default: 0.5, in: 0.1...600, unit: "s", help: "time")
        }
        #expect(declarations.map(\.defaultText) == ["4", "0.5"])
        #expect(declarations.map(\.rangeText) == ["1-100", "0.1-600"])
    }
}
