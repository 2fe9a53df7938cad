import CPostgres

/// A value on its way to the server: numbers as text, whose type the server knows from the statement; bytes as they are.
struct PostgresParameter {
    /// Ends with a NUL. Nil: NULL.
    let bytes: [UInt8]?
    let isBinary: Bool

    init(_ value: SQLValue) {
        switch value {
        case .null: (bytes, isBinary) = (nil, false)
        case .integer(let value): (bytes, isBinary) = (Array("\(value)\0".utf8), false)
        case .real(let value): (bytes, isBinary) = (Array("\(value)\0".utf8), false)
        case .text(let value): (bytes, isBinary) = (Array(value.utf8) + [0], false)
        case .blob(let value): (bytes, isBinary) = (value + [0], true)
        }
    }

    // The types' numbers in pg_type.dat.
    private enum TypeID {
        static let bool: Oid = 16
        static let bytes: Oid = 17
        static let int8: Oid = 20
        static let int4: Oid = 23
        static let text: Oid = 25
        static let float8: Oid = 701
        static let varchar: Oid = 1043
        static let void: Oid = 2278
    }

    /// A field of an answer in the binary format.
    /// - Throws: `SQLFailure` for a type that the store does not use (`sum` of integers is one: cast it).
    static func value(of result: OpaquePointer, row: Int32, column: Int32) throws -> SQLValue {
        guard PQgetisnull(result, row, column) == 0, let start = PQgetvalue(result, row, column) else { return .null }
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result, row, column)))
        switch PQftype(result, column) {
        case TypeID.int8: return .integer(Int64(bitPattern: number(bytes)))
        case TypeID.int4: return .integer(Int64(Int32(truncatingIfNeeded: number(bytes))))
        case TypeID.bool: return .integer(bytes.first == 1 ? 1 : 0)
        case TypeID.float8: return .real(Double(bitPattern: number(bytes)))
        case TypeID.text, TypeID.varchar: return .text(String(decoding: bytes, as: UTF8.self))
        case TypeID.bytes: return .blob([UInt8](bytes))
        case TypeID.void: return .null
        case let other:
            let name = PQfname(result, column).map { String(cString: $0) } ?? ""
            throw SQLFailure("the column \(name) is of type \(other), which the store does not read")
        }
    }

    /// In network order.
    private static func number(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension PostgresConnection {
    typealias Texts = UnsafePointer<UnsafePointer<CChar>?>

    /// The three arrays that libpq wants, for the length of `body`.
    static func withPointers<T>(
        _ parameters: [PostgresParameter], _ body: (Texts, UnsafePointer<Int32>, UnsafePointer<Int32>) -> T
    ) -> T {
        // One run of bytes, into which the pointers go.
        let bytes = parameters.flatMap { $0.bytes ?? [] }
        return bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { buffer in
                var start = 0
                let pointers = parameters.map { parameter -> UnsafePointer<CChar>? in
                    guard let count = parameter.bytes?.count else { return nil }
                    defer { start += count }
                    return buffer.baseAddress.map { $0 + start }
                }
                // Only a binary value's length is looked at.
                let lengths = parameters.map { Int32(($0.bytes?.count ?? 1) - 1) }
                return body(pointers, lengths, parameters.map { $0.isBinary ? 1 : 0 })
            }
        }
    }

    /// An array of C strings that ends with NULL.
    static func withCStrings<T>(_ texts: [String], _ body: (Texts) -> T) -> T {
        withPointers(texts.map { PostgresParameter(.text($0)) } + [PostgresParameter(.null)]) { pointers, _, _ in
            body(pointers)
        }
    }
}
