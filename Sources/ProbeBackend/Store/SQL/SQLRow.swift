/// One row of an answer.
struct SQLRow: Sendable {
    let columns: SQLColumns
    let values: [SQLValue]

    /// - Throws: `SQLFailure` when there is no such column, or what it holds is of another type.
    subscript<T: SQLConvertible>(_ column: String) -> T {
        get throws {
            guard let index = columns.index[column] else { throw SQLFailure("there is no column \(column)") }
            guard let value = T(sqlValue: values[index]) else {
                throw SQLFailure("the column \(column) holds no \(T.self)")
            }
            return value
        }
    }
}

/// Where each column of an answer's rows is. Of two with one name the last counts.
final class SQLColumns: Sendable {
    let index: [String: Int]

    init(_ names: some Sequence<String>) {
        index = Dictionary(zip(names, 0...), uniquingKeysWith: { $1 })
    }
}

/// The database, or what it holds, is not as the store needs it.
struct SQLFailure: Error, CustomStringConvertible {
    /// The five characters of the SQL standard, where the engine has them.
    let state: String?
    let description: String

    init(_ description: String, state: String? = nil) {
        self.description = description
        self.state = state
    }

    /// Nothing is wrong: two transactions met, and this one was chosen to try again (`serialization_failure`,
    /// `deadlock_detected`).
    var isCollision: Bool { state == "40001" || state == "40P01" }
}
