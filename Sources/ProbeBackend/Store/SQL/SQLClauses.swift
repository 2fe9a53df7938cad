/// Parts of a statement that is put together at run time, with the values of their placeholders.
struct SQLClauses: Sendable {
    private(set) var texts: [String] = []
    private(set) var values: [SQLValue]

    /// - Parameter values: those of `$1`, `$2`, ... that the rest of the statement has.
    init(after values: any SQLConvertible...) {
        self.values = values.map(\.sqlValue)
    }

    /// - Parameter clause: with `?` for each of the values.
    mutating func add(_ clause: String, _ values: any SQLConvertible...) {
        var text = ""
        var rest = values[...]
        for character in clause {
            if character == "?", let value = rest.popFirst() {
                self.values.append(value.sqlValue)
                text += "$\(self.values.count)"
            } else {
                text.append(character)
            }
        }
        texts.append(text)
    }

    /// `WHERE ... AND ...`
    var condition: String { texts.isEmpty ? "" : "WHERE " + texts.joined(separator: " AND ") }
    var list: String { texts.joined(separator: ", ") }
}

extension String {
    /// For `lower(column) LIKE ? ESCAPE '!'`: columns that hold this anywhere.
    var likePattern: String {
        // By scalars: one with a combining mark behind it is another `Character`.
        var escaped = ""
        for scalar in lowercased().unicodeScalars {
            if scalar == "!" || scalar == "%" || scalar == "_" { escaped.unicodeScalars.append("!") }
            escaped.unicodeScalars.append(scalar)
        }
        return "%\(escaped)%"
    }
}
