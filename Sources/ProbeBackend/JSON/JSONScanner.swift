/// Checks JSON (RFC 8259) and tells where its parts lie, without building values.
///
/// Results and parameters are stored and passed on as the bytes that came; a decode and encode would lose
/// number precision and the order of fields. Codable reads the envelope, this finds the parts to keep.
struct JSONScanner {
    /// Why bytes are not acceptable JSON. `offset` counts bytes from the start.
    enum Failure: Error, Equatable {
        case malformed(offset: Int)
        case tooDeep(limit: Int)

        /// One sentence for the sender.
        var sentence: String {
            switch self {
            case .malformed(let offset): "The text is not valid JSON (at byte \(offset))."
            case .tooDeep(let limit): "The JSON nests deeper than \(limit) levels."
            }
        }
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private let limit: Int
    private var index = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>, limit: Int) {
        self.bytes = bytes
        self.limit = limit
    }

    /// The members of a top-level object: key (still escaped, as it stands in the text) and the bytes of its
    /// value. Nil when the top level is another kind of value. The whole text is checked.
    static func members(of text: [UInt8], depth limit: Int) throws(Failure) -> [JSONMember]? {
        try scan(text, limit) { scanner throws(Failure) in try scanner.topLevelObject() }
    }

    /// The elements of a top-level array, nil when the top level is another kind of value.
    static func elements(of text: [UInt8], depth limit: Int) throws(Failure) -> [Range<Int>]? {
        try scan(text, limit) { scanner throws(Failure) in try scanner.topLevelArray() }
    }

    private static func scan<T>(
        _ text: [UInt8], _ limit: Int, _ body: (inout JSONScanner) throws(Failure) -> T
    ) throws(Failure) -> T {
        let outcome = text.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes, limit: limit)
            return Result { () throws(Failure) in
                let found = try body(&scanner)
                scanner.skipSpace()
                guard scanner.index == bytes.count else { throw .malformed(offset: scanner.index) }
                return found
            }
        }
        return try outcome.get()
    }

    private mutating func topLevelObject() throws(Failure) -> [JSONMember]? {
        skipSpace()
        guard peek() == UInt8(ascii: "{") else {
            try value(depth: 0)
            return nil
        }
        var members: [JSONMember] = []
        try object(depth: 1) { key, value in members.append(JSONMember(key: key, value: value)) }
        return members
    }

    private mutating func topLevelArray() throws(Failure) -> [Range<Int>]? {
        skipSpace()
        guard peek() == UInt8(ascii: "[") else {
            try value(depth: 0)
            return nil
        }
        var elements: [Range<Int>] = []
        try array(depth: 1) { elements.append($0) }
        return elements
    }

    private mutating func value(depth: Int) throws(Failure) {
        skipSpace()
        switch peek() {
        case UInt8(ascii: "{"): try object(depth: depth + 1) { _, _ in }
        case UInt8(ascii: "["): try array(depth: depth + 1) { _ in }
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: try number()
        }
    }

    private mutating func object(depth: Int, _ member: (Range<Int>, Range<Int>) -> Void) throws(Failure) {
        guard depth <= limit else { throw .tooDeep(limit: limit) }
        index += 1
        skipSpace()
        if take(UInt8(ascii: "}")) { return }
        repeat {
            skipSpace()
            let key = index
            try string()
            let keyEnd = index
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw .malformed(offset: index) }
            skipSpace()
            let start = index
            try value(depth: depth)
            member(key + 1..<keyEnd - 1, start..<index)
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw .malformed(offset: index) }
    }

    private mutating func array(depth: Int, _ element: (Range<Int>) -> Void) throws(Failure) {
        guard depth <= limit else { throw .tooDeep(limit: limit) }
        index += 1
        skipSpace()
        if take(UInt8(ascii: "]")) { return }
        repeat {
            skipSpace()
            let start = index
            try value(depth: depth)
            element(start..<index)
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw .malformed(offset: index) }
    }

    private mutating func string() throws(Failure) {
        guard take(UInt8(ascii: "\"")) else { throw .malformed(offset: index) }
        while let byte = peek() {
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw .malformed(offset: index - 1)
            default: continue
            }
        }
        throw .malformed(offset: index)
    }

    private mutating func escape() throws(Failure) {
        guard let byte = peek() else { throw .malformed(offset: index) }
        index += 1
        guard byte == UInt8(ascii: "u") else {
            if "\"\\/bfnrt".utf8.contains(byte) { return }
            throw .malformed(offset: index - 1)
        }
        for _ in 0..<4 {
            guard let digit = peek(), Self.isHexadecimal(digit) else { throw .malformed(offset: index) }
            index += 1
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    private mutating func number() throws(Failure) {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
    }

    private mutating func digits() throws(Failure) {
        let start = index
        while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        guard index > start else { throw .malformed(offset: index) }
    }

    private mutating func literal(_ text: StaticString) throws(Failure) {
        for offset in 0..<text.utf8CodeUnitCount {
            guard take(text.utf8Start[offset]) else { throw .malformed(offset: index) }
        }
    }

    private func peek() -> UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }
}

/// Where a member of an object lies in its text.
struct JSONMember {
    /// The key without its quotes, escapes not resolved.
    let key: Range<Int>
    let value: Range<Int>
}
