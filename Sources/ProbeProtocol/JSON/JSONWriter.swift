import ProbeNative

/// Writes a report as JSON bytes. By hand because it is the hot path: JSONEncoder costs thirty times as much.
///
/// Numbers are rounded to six decimals (milliseconds to the nanosecond) and written without trailing zeros; a number
/// that is not finite becomes null, as JSON has none.
/// A copy goes on writing into the same text: there is one writer for each.
public struct JSONWriter: ReportWriter {
    private let text: ByteSink
    public private(set) var truncatedFields: [String] = []
    /// Parts of this rank and below are left out.
    private let cut: CutPart?
    private var needsComma = false

    public init(leavingOut cut: CutPart? = nil) {
        self.cut = cut
        text = ByteSink()
    }

    /// What was written so far.
    public var bytes: [UInt8] { text.bytes }

    /// One object, as the bytes of a complete JSON text.
    public static func object(_ report: some Report, leavingOut cut: CutPart? = nil) -> [UInt8] {
        var writer = JSONWriter(leavingOut: cut)
        writer.object { report.write(to: &$0) }
        return writer.bytes
    }

    mutating func object(_ body: (inout JSONWriter) -> Void) {
        beginElementObject()
        body(&self)
        endObject()
    }

    public mutating func admits(_ part: CutPart, _ name: StaticString) -> Bool {
        guard let cut, part.rawValue <= cut.rawValue else { return true }
        if !truncatedFields.contains(name.description) { truncatedFields.append(name.description) }
        return false
    }

    // MARK: A parsed tree, written back

    /// The members as one object.
    static func object(_ members: [ParameterValue.Member]) -> [UInt8] {
        var writer = JSONWriter()
        writer.put(.object(members))
        return writer.bytes
    }

    private mutating func put(_ value: ParameterValue) {
        switch value {
        case .null: put(ascii: "null")
        case .bool(let flag): put(ascii: flag ? "true" : "false")
        case .integer(let number): put(number)
        case .number(let number): put(number)
        case .string(let text): put(text)
        case .array(let elements):
            open(UInt8(ascii: "["))
            for element in elements {
                separate()
                put(element)
                needsComma = true
            }
            endArray()
        case .object(let members):
            open(UInt8(ascii: "{"))
            for member in members {
                separate()
                put(member.name)
                text.append(UInt8(ascii: ":"))
                put(member.value)
                needsComma = true
            }
            endObject()
        }
    }

    // MARK: Structure

    public mutating func field(_ name: StaticString, _ value: ReportValue) {
        put(name)
        put(value)
        needsComma = true
    }

    public mutating func member(_ name: String, _ value: ReportValue) {
        separate()
        put(name)
        text.append(UInt8(ascii: ":"))
        put(value)
        needsComma = true
    }

    public mutating func member(_ name: String, tree: ParameterValue) {
        separate()
        put(name)
        text.append(UInt8(ascii: ":"))
        put(tree)
        needsComma = true
    }

    public mutating func element(_ value: ReportValue) {
        separate()
        put(value)
        needsComma = true
    }

    public mutating func beginObject(_ name: StaticString) {
        put(name)
        open(UInt8(ascii: "{"))
    }

    public mutating func beginElementObject() {
        separate()
        open(UInt8(ascii: "{"))
    }

    public mutating func beginArray(_ name: StaticString) {
        put(name)
        open(UInt8(ascii: "["))
    }

    public mutating func endObject() { close(UInt8(ascii: "}")) }
    public mutating func endArray() { close(UInt8(ascii: "]")) }

    private mutating func open(_ byte: UInt8) {
        text.append(byte)
        needsComma = false
    }

    private mutating func close(_ byte: UInt8) {
        text.append(byte)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { text.append(UInt8(ascii: ",")) }
    }

    // MARK: Values

    private mutating func put(_ name: StaticString) {
        separate()
        let length = name.utf8CodeUnitCount
        let place = text.room(for: length + 3)
        place[0] = UInt8(ascii: "\"")
        (place + 1).update(from: name.utf8Start, count: length)
        place[length + 1] = UInt8(ascii: "\"")
        place[length + 2] = UInt8(ascii: ":")
        text.commit(length + 3)
    }

    private mutating func put(_ value: ReportValue) {
        switch value {
        case .null: put(ascii: "null")
        case .bool(let flag): put(ascii: flag ? "true" : "false")
        case .integer(let number): put(Int64(number))
        case .number(let number): put(number)
        case .string(let text): put(text)
        case .time(let time):
            let place = text.room(for: WallTime.iso8601Length + 2)
            place[0] = UInt8(ascii: "\"")
            time.writeISO8601(to: place + 1)
            place[WallTime.iso8601Length + 1] = UInt8(ascii: "\"")
            text.commit(WallTime.iso8601Length + 2)
        }
    }

    private func put(ascii word: StaticString) {
        text.append(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }

    private func put(_ number: Int64) {
        if number < 0 { text.append(UInt8(ascii: "-")) }
        text.append(digits: number.magnitude)
    }

    private func put(_ number: Double) {
        guard number.isFinite else { return put(ascii: "null") }
        guard abs(number) < 1e12 else {
            var description = number.description
            return description.withUTF8 { text.append($0) }
        }
        let millionths = UInt64((abs(number) * 1e6).rounded())
        if number < 0, millionths > 0 { text.append(UInt8(ascii: "-")) }
        text.append(digits: millionths / 1_000_000)
        var fraction = millionths % 1_000_000
        guard fraction > 0 else { return }
        var places = 6
        while fraction % 10 == 0 {
            fraction /= 10
            places -= 1
        }
        text.append(UInt8(ascii: "."))
        text.append(digits: fraction, atLeast: places)
    }

    private func put(_ string: String) {
        text.append(UInt8(ascii: "\""))
        if string.utf8.withContiguousStorageIfAvailable({ put(utf8: $0) }) == nil {
            Array(string.utf8).withUnsafeBufferPointer { put(utf8: $0) }
        }
        text.append(UInt8(ascii: "\""))
    }

    private func put(utf8: UnsafeBufferPointer<UInt8>) {
        // Almost all text has nothing to escape and is copied whole.
        guard utf8.contains(where: Self.isEscaped) else { return text.append(utf8) }
        var clean = 0
        for index in utf8.indices where Self.isEscaped(utf8[index]) {
            text.append(UnsafeBufferPointer(rebasing: utf8[clean..<index]))
            put(escaped: utf8[index])
            clean = index + 1
        }
        text.append(UnsafeBufferPointer(rebasing: utf8[clean...]))
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private func put(escaped byte: UInt8) {
        text.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(byte)
        case 0x0A: text.append(UInt8(ascii: "n"))
        case 0x0D: text.append(UInt8(ascii: "r"))
        case 0x09: text.append(UInt8(ascii: "t"))
        default:
            put(ascii: "u00")
            for nibble in [byte >> 4, byte & 15] {
                text.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
            }
        }
    }
}
