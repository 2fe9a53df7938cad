import FoundationEssentials

/// One JSON value as the bytes in which it came, already checked.
public struct RawJSON: Sendable, Equatable {
    public let bytes: [UInt8]

    /// How deep any JSON from outside may nest (the wire's limit).
    static let maximumDepth = 32

    static let emptyObject = RawJSON(checked: Array("{}".utf8))

    /// For bytes that a scanner has passed, or that come from the store where only such bytes go.
    init(checked bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// A member of an object's text as it stands; nil when it is not there, or null, or the text is no object.
    public init?(member key: StaticString, of object: [UInt8]) {
        guard let value = (try? RawObject(object))?[key], !value.isNull else { return nil }
        self = value
    }

    var isObject: Bool { bytes.first == UInt8(ascii: "{") }
    var isNull: Bool { bytes == Array("null".utf8) }
}

/// An object's text, checked once, whose members can be taken out as they stand.
struct RawObject {
    let bytes: [UInt8]
    private let members: [JSONMember]

    /// Nil when the text is valid JSON but not an object.
    init?(_ bytes: [UInt8]) throws(JSONScanner.Failure) {
        guard let members = try JSONScanner.members(of: bytes, depth: RawJSON.maximumDepth) else { return nil }
        self.bytes = bytes
        self.members = members
    }

    /// The member's value as it stands. Of a repeated key the last counts.
    subscript(key: StaticString) -> RawJSON? {
        guard let member = members.last(where: { matches($0.key, key) }) else { return nil }
        return RawJSON(checked: Array(bytes[member.value]))
    }

    private func matches(_ range: Range<Int>, _ key: StaticString) -> Bool {
        guard range.count == key.utf8CodeUnitCount else { return false }
        return bytes[range].elementsEqual(UnsafeBufferPointer(start: key.utf8Start, count: range.count))
    }
}

/// Writes JSON for nodes and clients.
enum JSONText {
    /// `value` encoded, with `members` added to its object as raw bytes.
    static func encode(_ value: some Encodable, adding members: [(StaticString, RawJSON?)] = []) throws -> [UInt8] {
        var bytes = [UInt8](try encoder.encode(value))
        guard !members.isEmpty, bytes.popLast() == UInt8(ascii: "}") else { return bytes }
        for (key, raw) in members {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(UInt8(ascii: "\""))
            bytes.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
            bytes.append(contentsOf: "\":".utf8)
            bytes.append(contentsOf: raw?.bytes ?? Array("null".utf8))
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// `{"key":[...]}` of values that are already text.
    static func list(_ key: String, _ items: [[UInt8]]) -> [UInt8] {
        Array("{\"\(key)\":".utf8) + array(items) + Array("}".utf8)
    }

    /// `[...]` of values that are already text.
    static func array(_ items: [[UInt8]]) -> [UInt8] {
        var bytes = Array("[".utf8)
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: item)
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }

    static func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return encoder
    }
}
