/// Lays flags out for `--help`: spelling on the left, meaning on the right, both within 100 columns.
enum FlagHelp {
    private static let width = 100
    private static let column = 34

    static func text(_ flags: [Flag]) -> String {
        var text = ""
        for flag in flags {
            text += entry(flag.spelling, meaning(flag))
        }
        return text
    }

    /// The help with the remarks in parentheses, in the same ones where the help ends with some.
    private static func meaning(_ flag: Flag) -> String {
        let remarks = flag.remarks.joined(separator: "; ")
        if remarks.isEmpty { return flag.help }
        return flag.help.hasSuffix(")") ? "\(flag.help.dropLast()); \(remarks))" : "\(flag.help) (\(remarks))"
    }

    /// One entry; a left side that is too long gets a line of its own.
    static func entry(_ left: String, _ right: String) -> String {
        let margin = String(repeating: " ", count: column)
        let lines = wrap(right, to: width - column)
        var text = "  " + left
        text += left.count + 4 > column ? "\n" + margin : String(margin.dropFirst(left.count + 2))
        return text + lines.joined(separator: "\n" + margin) + "\n"
    }

    private static func wrap(_ text: String, to width: Int) -> [String] {
        var lines = [""]
        for word in text.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
