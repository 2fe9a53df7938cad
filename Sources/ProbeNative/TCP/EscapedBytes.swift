/// Bytes as a person types and reads them: `220 mail\r\n`, `\x00\x1b`.
public enum EscapedBytes {
    /// Reads `\r \n \t \0 \\ \xHH`; everything else stands for its UTF-8. Nil for any other use of a backslash.
    public static func parse(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "r"): bytes.append(0x0d)
            case UInt8(ascii: "n"): bytes.append(0x0a)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "0"): bytes.append(0x00)
            case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "x"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                guard digits.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16) else {
                    return nil
                }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: return nil
            }
        }
        return bytes
    }

    /// What `parse` reads back to the same bytes: printable text stays, also beyond ASCII where it is valid UTF-8;
    /// control characters, direction marks and stray bytes are escaped.
    public static func text(_ bytes: some Collection<UInt8>) -> String {
        let all = Array(bytes)
        var text = ""
        var iterator = all.makeIterator()
        var parser = Unicode.UTF8.ForwardParser()
        var index = 0
        while true {
            switch parser.parseScalar(from: &iterator) {
            case .valid(let encoded):
                let scalar = Unicode.UTF8.decode(encoded)
                text += isPlain(scalar) ? String(scalar) : encoded.map(escape).joined()
                index += encoded.count
            case .error(let length):
                text += all[index..<index + length].map(escape).joined()
                index += length
            case .emptyInput: return text
            }
        }
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .unassigned, .privateUse, .lineSeparator, .paragraphSeparator: false
        default: scalar != "\\"
        }
    }

    private static func escape(_ byte: UInt8) -> String {
        switch byte {
        case 0x0d: return "\\r"
        case 0x0a: return "\\n"
        case 0x09: return "\\t"
        case UInt8(ascii: "\\"): return "\\\\"
        default: return (byte < 16 ? "\\x0" : "\\x") + String(byte, radix: 16)
        }
    }
}
