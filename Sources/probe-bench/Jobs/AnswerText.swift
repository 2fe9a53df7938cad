/// Reads what a load needs from an answer's bytes, by searching: parsing each answer would cost as much as the node
/// spends on making it.
struct AnswerText {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// How every `diagnostic_response` of the node begins. A peer of the benchmarks writes its own in the same order.
    private static let head = Array("{\"type\":\"diagnostic_response\",\"request_id\":\"".utf8)

    /// The run and number in its `request_id`; nil when it is not an answer to a job of a load.
    var identifier: (run: Int, number: Int)? {
        guard bytes.count > Self.head.count, bytes.prefix(Self.head.count).elementsEqual(Self.head) else { return nil }
        var values = [0, 0]
        var which = 0
        for byte in bytes.dropFirst(Self.head.count) {
            switch byte {
            case UInt8(ascii: "-") where which == 0: which = 1
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                values[which] = values[which] * 10 + Int(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "\"") where which == 1: return (values[0], values[1])
            default: return nil
            }
        }
        return nil
    }

    func contains(_ pattern: TextPattern) -> Bool { pattern.position(in: bytes) != nil }

    /// The number behind `name`, which is a member's name with its quotes and colon.
    func number(after name: TextPattern) -> Double? {
        guard let start = name.position(in: bytes) else { return nil }
        let digits = bytes[(start + name.count)...].prefix(32).prefix { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "-")
        }
        return Double(String(decoding: digits, as: UTF8.self))
    }
}

extension AnswerText {
    /// Its beginning, for a person who looks for what is wrong.
    var excerpt: String { String(decoding: bytes.prefix(2000), as: UTF8.self) }
}
