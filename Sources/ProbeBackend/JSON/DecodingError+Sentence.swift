extension DecodingError {
    /// One sentence for the sender that names the field.
    var sentence: String {
        switch self {
        case .keyNotFound(let key, let context):
            "\(Self.name(context.codingPath + [key])) is missing."
        case .valueNotFound(let type, let context):
            "\(Self.name(context.codingPath)) is null where \(Self.kind(type)) is expected."
        case .typeMismatch(let type, let context):
            "\(Self.name(context.codingPath)) is not \(Self.kind(type))."
        default:
            // The text was scanned before: what the decoder still cannot take is a number, and it does not say which.
            "A number is too large, or has a fraction where an integer is expected."
        }
    }

    /// The outermost field that the error is about.
    var field: String? {
        switch self {
        case .keyNotFound(let key, let context): (context.codingPath + [key]).first?.stringValue
        case .valueNotFound(_, let context), .typeMismatch(_, let context), .dataCorrupted(let context):
            context.codingPath.first?.stringValue
        default: nil
        }
    }

    private static func name(_ path: [any CodingKey]) -> String {
        let joined = path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return joined.isEmpty ? "The message" : "\"\(joined)\""
    }

    private static func kind(_ type: Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Int.Type: "an integer"
        case is Double.Type: "a number"
        case is Bool.Type: "true or false"
        default: "an object"
        }
    }
}
