/// How an event of the log is written.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `key=value` pairs, as logfmt readers (Loki, Vector, angle-grinder) take them.
    case logfmt
    /// An object a line; each value is a string.
    case json
}

extension LogFormat {
    /// A value longer than this many bytes is cut: what a peer says must not fill the log.
    static let longestValue = 4096

    /// One line with its end, whatever is in the values: each control character is escaped, so that no text can end a line
    /// or begin another.
    func line(_ fields: [(name: String, value: String)]) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        if self == .json { line.append(UInt8(ascii: "{")) }
        for (index, field) in fields.enumerated() {
            if index > 0 { line.append(self == .json ? UInt8(ascii: ",") : UInt8(ascii: " ")) }
            switch self {
            case .json:
                Self.quote(field.name, into: &line)
                line.append(UInt8(ascii: ":"))
                Self.quote(field.value, into: &line)
            case .logfmt:
                for byte in field.name.utf8 { line.append(Self.isNamePart(byte) ? byte : UInt8(ascii: "_")) }
                line.append(UInt8(ascii: "="))
                if Self.isBare(field.value) { line += field.value.utf8 } else { Self.quote(field.value, into: &line) }
            }
        }
        if self == .json { line.append(UInt8(ascii: "}")) }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func isBare(_ value: String) -> Bool {
        !value.isEmpty && value.utf8.count <= longestValue
            && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"=\\".utf8.contains($0) }
    }

    /// In quotes, with the escapes of JSON (RFC 8259 section 7), which logfmt's readers share.
    private static func quote(_ text: String, into line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        var length = 0
        for scalar in text.unicodeScalars {
            length += scalar.utf8.count
            guard length <= longestValue else {
                line += "…".utf8
                break
            }
            switch scalar {
            case "\"", "\\":
                line.append(UInt8(ascii: "\\"))
                line.append(UInt8(truncatingIfNeeded: scalar.value))
            case "\n": line += "\\n".utf8
            case "\r": line += "\\r".utf8
            case "\t": line += "\\t".utf8
            case _ where isHidden(scalar):
                let hex = String(scalar.value, radix: 16)
                line += "\\u\(String(repeating: "0", count: 4 - hex.count))\(hex)".utf8
            default: line += scalar.utf8
            }
        }
        line.append(UInt8(ascii: "\""))
    }

    /// Control characters (C0, DEL, C1), other line ends, and what turns the direction of writing or is not seen: a
    /// terminal or a reader may take each for something else than text. All are below U+10000.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x61C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
        default: false
        }
    }
}
