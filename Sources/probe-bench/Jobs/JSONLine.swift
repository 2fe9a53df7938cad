import Foundation

/// One JSON object a line, both ways: how the benchmarks' scripts talk with this program.
enum JSONLine {
    static func write(_ value: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(value) else { return }
        FileHandle.standardOutput.write(bytes + [UInt8(ascii: "\n")])
    }

    static func read<Value: Decodable>(_ type: Value.Type, _ line: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(line.utf8))
    }
}
