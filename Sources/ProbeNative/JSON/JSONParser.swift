#if canImport(Glibc)
    import Glibc
#endif

/// A strict JSON reader (RFC 8259) over bytes that are UTF-8. By hand because it is the hot path: each job passes here
/// once, and JSONDecoder costs twenty times as much. JSONSerialization is its oracle in the tests.
package struct JSONParser {
    /// Deeper nesting is refused before it can use up the stack.
    package static let maximumDepth = 32

    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Reads one object and nothing after it. `member` is called for each name and must consume the value.
    package mutating func document(
        _ member: (_ name: JSONName, _ parser: inout JSONParser) throws(MalformedMessage) -> Void
    ) throws(MalformedMessage) {
        skipSpace()
        try object(depth: 1, member)
        skipSpace()
        if index != bytes.count { throw problem("something follows the object") }
    }

    /// Reads one value of any kind and nothing after it.
    package mutating func text() throws(MalformedMessage) -> ParameterValue {
        let value = try value(depth: 0)
        skipSpace()
        if index != bytes.count { throw problem("something follows the value") }
        return value
    }

    /// - Parameter depth: how many objects and lists it is in.
    package mutating func value(depth: Int) throws(MalformedMessage) -> ParameterValue {
        skipSpace()
        guard index < bytes.count else { throw problem("the text ends too soon") }
        switch bytes[index] {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"):
            var members: [ParameterValue.Member] = []
            try object(depth: depth + 1) { (name, parser) throws(MalformedMessage) in
                members.append(.init(name.string, try parser.value(depth: depth + 1)))
            }
            return .object(members)
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw problem("a value is expected")
        }
    }

    package mutating func object(
        depth: Int, _ member: (_ name: JSONName, _ parser: inout JSONParser) throws(MalformedMessage) -> Void
    ) throws(MalformedMessage) {
        try enter(UInt8(ascii: "{"), depth, "an object is expected")
        if skip(UInt8(ascii: "}")) { return }
        repeat {
            skipSpace()
            let name = try name()
            guard skip(UInt8(ascii: ":")) else { throw problem("a colon is expected") }
            try member(name, &self)
        } while skip(UInt8(ascii: ","))
        guard skip(UInt8(ascii: "}")) else { throw problem("a comma or } is expected") }
    }

    private mutating func array(depth: Int) throws(MalformedMessage) -> [ParameterValue] {
        try enter(UInt8(ascii: "["), depth, "a list is expected")
        var elements: [ParameterValue] = []
        if skip(UInt8(ascii: "]")) { return elements }
        repeat { elements.append(try value(depth: depth)) } while skip(UInt8(ascii: ","))
        guard skip(UInt8(ascii: "]")) else { throw problem("a comma or ] is expected") }
        return elements
    }

    private mutating func enter(_ byte: UInt8, _ depth: Int, _ wanted: String) throws(MalformedMessage) {
        guard depth <= Self.maximumDepth else { throw problem("it nests deeper than \(Self.maximumDepth) levels") }
        guard skip(byte) else { throw problem(wanted) }
    }

    // MARK: Scalars

    private mutating func literal(_ text: StaticString, _ value: ParameterValue) throws(MalformedMessage)
        -> ParameterValue
    {
        let count = text.utf8CodeUnitCount
        guard index + count <= bytes.count, let base = bytes.baseAddress,
            memcmp(base + index, text.utf8Start, count) == 0
        else { throw problem("a value is expected") }
        index += count
        return value
    }

    private mutating func number() throws(MalformedMessage) -> ParameterValue {
        let start = index
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        let firstDigit = index
        var magnitude: Int64 = 0
        var isInteger = true
        while let digit = digit() {
            let (scaled, carry) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = scaled.addingReportingOverflow(digit)
            if carry || overflow { isInteger = false }
            magnitude = sum
        }
        if index == firstDigit || (bytes[firstDigit] == UInt8(ascii: "0") && index > firstDigit + 1) {
            throw problem("a number is malformed")
        }
        if peek == UInt8(ascii: ".") {
            index += 1
            isInteger = false
            try digits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            index += 1
            isInteger = false
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        if isInteger { return .integer(bytes[start] == UInt8(ascii: "-") ? -magnitude : magnitude) }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        guard let number = Double(text), number.isFinite else { throw problem("a number is out of range") }
        return .number(number)
    }

    private mutating func digits() throws(MalformedMessage) {
        guard digit() != nil else { throw problem("a number is malformed") }
        while digit() != nil {}
    }

    private mutating func digit() -> Int64? {
        guard let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        index += 1
        return Int64(byte - UInt8(ascii: "0"))
    }

    private mutating func name() throws(MalformedMessage) -> JSONName {
        let start = index + 1
        let escaped = try scanString()
        let raw = UnsafeRawBufferPointer(rebasing: bytes[start..<(index - 1)])
        return escaped ? JSONName(text: try unescape(raw)) : JSONName(raw: raw)
    }

    private mutating func string() throws(MalformedMessage) -> String {
        let start = index + 1
        let escaped = try scanString()
        let raw = UnsafeRawBufferPointer(rebasing: bytes[start..<(index - 1)])
        return escaped ? try unescape(raw) : String(decoding: raw, as: UTF8.self)
    }

    /// Passes over a string; true when it has escapes.
    private mutating func scanString() throws(MalformedMessage) -> Bool {
        guard skip(UInt8(ascii: "\"")) else { throw problem("a string is expected") }
        var escaped = false
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                return escaped
            case UInt8(ascii: "\\"):
                escaped = true
                index += 2
            case 0..<0x20: throw problem("a control character stands in a string")
            default: index += 1
            }
        }
        index = bytes.count
        throw problem("a string does not end")
    }

    private func unescape(_ raw: UnsafeRawBufferPointer) throws(MalformedMessage) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(raw.count)
        var at = 0
        while at < raw.count {
            guard raw[at] == UInt8(ascii: "\\") else {
                output.append(raw[at])
                at += 1
                continue
            }
            at += 2
            switch raw[at - 1] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(raw[at - 1])
            case UInt8(ascii: "b"): output.append(8)
            case UInt8(ascii: "f"): output.append(12)
            case UInt8(ascii: "n"): output.append(10)
            case UInt8(ascii: "r"): output.append(13)
            case UInt8(ascii: "t"): output.append(9)
            case UInt8(ascii: "u"):
                let scalar = try escapedScalar(raw, &at)
                output.append(contentsOf: Character(scalar).utf8)
            default: throw problem("an unknown escape stands in a string")
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// The scalar of `\uXXXX`, or of a surrogate pair; `at` stands after the `u`. A lone surrogate is refused: it has no
    /// UTF-8.
    private func escapedScalar(_ raw: UnsafeRawBufferPointer, _ at: inout Int) throws(MalformedMessage)
        -> Unicode.Scalar
    {
        let first = try hex4(raw, at)
        at += 4
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, at + 6 <= raw.count, raw[at] == UInt8(ascii: "\\"), raw[at + 1] == UInt8(ascii: "u")
        else {
            throw problem("a lone surrogate stands in a string")
        }
        let second = try hex4(raw, at + 2)
        at += 6
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw problem("a lone surrogate stands in a string") }
        return scalar
    }

    private func hex4(_ raw: UnsafeRawBufferPointer, _ at: Int) throws(MalformedMessage) -> UInt32 {
        guard at + 4 <= raw.count else { throw problem("an unknown escape stands in a string") }
        var value: UInt32 = 0
        for byte in raw[at..<(at + 4)] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - 48)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - 87)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - 55)
            default: throw problem("an unknown escape stands in a string")
            }
        }
        return value
    }

    // MARK: Bytes

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skip(_ byte: UInt8) -> Bool {
        skipSpace()
        guard peek == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    private func problem(_ what: String) -> MalformedMessage {
        MalformedMessage("Not JSON: at byte \(index), \(what).")
    }
}

/// A member's name, compared without making a String of it.
package struct JSONName {
    private let raw: UnsafeRawBufferPointer?
    private let text: String

    fileprivate init(raw: UnsafeRawBufferPointer) {
        self.raw = raw
        text = ""
    }
    fileprivate init(text: String) {
        raw = nil
        self.text = text
    }

    package var string: String { raw.map { String(decoding: $0, as: UTF8.self) } ?? text }

    package static func ~= (pattern: StaticString, name: JSONName) -> Bool {
        guard let raw = name.raw else { return name.text == pattern.description }
        guard raw.count == pattern.utf8CodeUnitCount, let base = raw.baseAddress else { return false }
        return memcmp(base, pattern.utf8Start, raw.count) == 0
    }
}
