/// Collects a response's status line and header fields from libcurl's header callback, a line at a time.
struct ResponseHead: Sendable {
    /// Of all header bytes of an answer, interim responses and trailers too. An endless header must end somewhere.
    static let limit = 256 << 10

    private(set) var bytes = 0
    private(set) var status: Int?
    /// The final response's fields have all come.
    private(set) var isComplete = false
    private(set) var fields: [HTTPField] = []

    /// False when the header has become too large.
    mutating func take(_ line: UnsafeRawBufferPointer) -> Bool {
        bytes += line.count
        guard bytes <= Self.limit else { return false }
        // What follows the body are trailers, which no report shows.
        if isComplete { return true }
        var text = line[...]
        while let last = text.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { text.removeLast() }
        if text.isEmpty {
            if let status, status >= 200 { isComplete = true }
        } else if text.starts(with: "HTTP/".utf8), status == nil || status ?? 0 < 200 {
            begin(statusLine: text)
        } else if let first = text.first, Self.isBlank(first) {
            continueLastField(with: text)
        } else {
            add(text)
        }
        return true
    }

    /// Values of equal names joined by ", " (RFC 9110 section 5.3); Set-Cookie, which has commas of its own, by a
    /// newline. Names in lower case, in the order of their first appearance.
    var joined: [HTTPField] {
        // The first few are compared one by one, which costs less than hashing each; there may be tens of thousands.
        let few = 32
        var later: [String: Int] = [:]
        var joined: [HTTPField] = []
        joined.reserveCapacity(min(fields.count, few))
        for field in fields {
            if let place = joined.prefix(few).firstIndex(where: { $0.name == field.name }) ?? later[field.name] {
                joined[place].value += (field.name == "set-cookie" ? "\n" : ", ") + field.value
            } else {
                if joined.count >= few { later[field.name] = joined.count }
                joined.append(field)
            }
        }
        return joined
    }

    func first(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    private mutating func begin(statusLine: Slice<UnsafeRawBufferPointer>) {
        let words = statusLine.split(separator: UInt8(ascii: " "), maxSplits: 2)
        status = words.count > 1 ? Int(String(decoding: words[1], as: UTF8.self)) : nil
        fields = []
    }

    private mutating func add(_ line: Slice<UnsafeRawBufferPointer>) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let name = line[..<colon]
        let lowered = String(unsafeUninitializedCapacity: name.count) { buffer in
            // Names are ASCII (RFC 9110 section 5.6.2).
            for (place, byte) in name.enumerated() {
                buffer[place] = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
            }
            return name.count
        }
        fields.append(HTTPField(lowered, Self.trimmed(line[(colon + 1)...])))
    }

    /// Line folding, obsolete since RFC 7230.
    private mutating func continueLastField(with text: Slice<UnsafeRawBufferPointer>) {
        guard !fields.isEmpty else { return }
        fields[fields.count - 1].value += " " + Self.trimmed(text)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func trimmed(_ text: Slice<UnsafeRawBufferPointer>) -> String {
        var text = text
        while let first = text.first, isBlank(first) { text.removeFirst() }
        while let last = text.last, isBlank(last) { text.removeLast() }
        return String(decoding: UnsafeRawBufferPointer(rebasing: text), as: UTF8.self)
    }
}
