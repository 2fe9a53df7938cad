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
        var text = Substring(String(decoding: line, as: UTF8.self))
        // "\r\n" is one Character.
        while let last = text.last, last.isNewline { text.removeLast() }
        if text.isEmpty {
            if let status, status >= 200 { isComplete = true }
        } else if text.hasPrefix("HTTP/"), status == nil || status ?? 0 < 200 {
            begin(statusLine: text)
        } else if text.first == " " || text.first == "\t" {
            continueLastField(with: text)
        } else {
            add(text)
        }
        return true
    }

    /// Values of equal names joined by ", " (RFC 9110 section 5.3); Set-Cookie, which has commas of its own, by a
    /// newline. Names in lower case, in the order of their first appearance.
    var joined: [HTTPField] {
        var places: [String: Int] = [:]
        var joined: [HTTPField] = []
        for field in fields {
            if let place = places[field.name] {
                joined[place].value += (field.name == "set-cookie" ? "\n" : ", ") + field.value
            } else {
                places[field.name] = joined.count
                joined.append(field)
            }
        }
        return joined
    }

    func first(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    private mutating func begin(statusLine: Substring) {
        let words = statusLine.split(separator: " ", maxSplits: 2)
        status = words.count > 1 ? Int(words[1]) : nil
        fields = []
    }

    private mutating func add(_ line: Substring) {
        guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { return }
        let value = line[line.utf8.index(after: colon)...]
        fields.append(HTTPField(line[..<colon].lowercased(), String(value.trimmingBlanks)))
    }

    /// Line folding, obsolete since RFC 7230.
    private mutating func continueLastField(with text: Substring) {
        guard !fields.isEmpty else { return }
        fields[fields.count - 1].value += " " + text.trimmingBlanks
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
