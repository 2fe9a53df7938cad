/// A server's bytes as text.
enum WhoisText {
    /// Bytes taken from one server, and of its text.
    static let limit = 256 << 10

    /// UTF-8 where that is what came, else ISO 8859-1, in which every byte is a character: RFC 3912 section 4 knows no
    /// way to tell. Lines end with LF, and there are no NULs.
    /// - Parameter isWhole: false where the last character may have been cut in two.
    static func decode(_ bytes: [UInt8], isWhole: Bool = true) -> String {
        var bytes = bytes
        bytes.removeAll { $0 == 0 || $0 == UInt8(ascii: "\r") }
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        if !isWhole {
            for cut in 1...3 where cut <= bytes.count {
                if let text = String(validating: bytes.dropLast(cut), as: UTF8.self) { return text }
            }
        }
        var text = ""
        text.unicodeScalars.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
        // Every other byte may have become two.
        while text.utf8.count > limit { text.unicodeScalars.removeLast(max(1, (text.utf8.count - limit) / 2)) }
        return text
    }
}
