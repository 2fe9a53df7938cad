/// Gives a tool's parameters their types. A tool reads each parameter once, with its name, unit, default, range and
/// help; that one reading is also its declaration: `ParameterReader.describe` runs it over nothing and lists what it
/// read, and validation, command-line flags, `--help` and the docs come from that list. So a tool reads its parameters
/// unconditionally, in the order in which it wants them shown.
///
/// An absent or null parameter takes its default. The first refused value is kept and thrown by `finish`.
public struct ParameterReader {
    public struct Declaration: Sendable, Hashable {
        public enum Kind: Sendable, Hashable {
            case integer, number, flag, text, choice([String]), list, object
            /// A list of texts that may have commas in them.
            case texts
            /// An object with a shape of its own, whose members may be objects.
            case structure
        }
        public var name: String
        public var kind: Kind
        public var unit: String?
        /// As a person would type it; nil: none.
        public var defaultText: String?
        public var rangeText: String?
        public var help: String
    }

    private let members: [ParameterValue.Member]
    /// By place in `members`: something has read it.
    private var wasRead: [Bool]
    private var firstError: InvalidInput?
    public private(set) var declarations: [Declaration] = []
    private let records: Bool

    public init(_ members: [ParameterValue.Member]) {
        self.members = members
        wasRead = Array(repeating: false, count: members.count)
        records = false
    }

    private init() {
        members = []
        wasRead = []
        records = true
    }

    /// The declarations that `read` makes.
    public static func describe(_ read: (inout ParameterReader) -> Void) -> [Declaration] {
        var reader = ParameterReader()
        read(&reader)
        return reader.declarations
    }

    /// Throws the first refusal; returns the names of parameters that nothing read, sorted, for `ignored_parameters`.
    public func finish() throws(InvalidInput) -> [String] {
        if let firstError { throw firstError }
        guard wasRead.contains(false) else { return [] }
        return Set(zip(members, wasRead).lazy.filter { !$0.1 }.map(\.0.name)).sorted()
    }

    /// Refuses the parameters as a whole, when two do not fit together. The first refusal stands.
    public mutating func refuse(_ detail: String, code: ErrorCode = .invalidParameters) {
        if firstError == nil { firstError = InvalidInput(detail, code: code) }
    }

    // MARK: - Typed readings

    public mutating func integer(
        _ name: String, default fallback: Int, in range: ClosedRange<Int>, unit: String? = nil, help: String
    ) -> Int {
        optionalInteger(name, in: range, unit: unit, help: help, shown: "\(fallback)") ?? fallback
    }

    public mutating func optionalInteger(
        _ name: String, in range: ClosedRange<Int>, unit: String? = nil, help: String,
        shown: @autoclosure () -> String? = nil
    ) -> Int? {
        declare(name, .integer, unit, shown(), "\(range.lowerBound)-\(range.upperBound)", help)
        guard let value = take(name) else { return nil }
        let number: Int? =
            switch value {
            case .integer(let n): Int(exactly: n)
            case .number(let d): Int(exactly: d)
            case .string(let text): Int(text)
            default: nil
            }
        guard let number, range.contains(number) else {
            refuse(name, value, "a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    public mutating func number(
        _ name: String, default fallback: Double, in range: ClosedRange<Double>, unit: String? = nil, help: String
    ) -> Double {
        optionalNumber(name, in: range, unit: unit, help: help, shown: Self.text(fallback)) ?? fallback
    }

    public mutating func optionalNumber(
        _ name: String, in range: ClosedRange<Double>, unit: String? = nil, help: String,
        shown: @autoclosure () -> String? = nil
    ) -> Double? {
        declare(
            name, .number, unit, shown(), "\(Self.text(range.lowerBound))-\(Self.text(range.upperBound))", help)
        guard let value = take(name) else { return nil }
        let number: Double? =
            switch value {
            case .integer(let n): Double(n)
            case .number(let d): d
            case .string(let text): Double(text)
            default: nil
            }
        guard let number, range.contains(number) else {
            refuse(name, value, "a number from \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))")
            return nil
        }
        return number
    }

    /// A duration given in float milliseconds.
    public mutating func milliseconds(
        _ name: String, default fallback: Double, in range: ClosedRange<Double>, help: String
    ) -> Duration {
        .milliseconds(number(name, default: fallback, in: range, unit: "ms", help: help))
    }

    public mutating func flag(_ name: String, default fallback: Bool, help: String) -> Bool {
        declare(name, .flag, nil, fallback ? "true" : "false", nil, help)
        guard let value = take(name) else { return fallback }
        switch value {
        case .bool(let flag): return flag
        case .string("true"), .string("yes"), .string("1"), .integer(1): return true
        case .string("false"), .string("no"), .string("0"), .integer(0): return false
        default:
            refuse(name, value, "true or false")
            return fallback
        }
    }

    /// Text of at most `limit` bytes. Control characters are refused unless `multiline`.
    public mutating func optionalText(
        _ name: String, limit: Int = 1024, multiline: Bool = false, help: String, shown: String? = nil
    ) -> String? {
        declare(name, .text, nil, shown, nil, help)
        guard let value = take(name) else { return nil }
        guard case .string(let text) = value, text.utf8.count <= limit else {
            refuse(name, value, "text of at most \(limit) bytes")
            return nil
        }
        if !multiline, text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
            refuse(name, value, "text without control characters")
            return nil
        }
        return text
    }

    /// One of `choices`, compared without regard to case; returned as listed.
    public mutating func choice(
        _ name: String, default fallback: String, of choices: [String], help: String
    ) -> String {
        optionalChoice(name, of: choices, help: help, shown: fallback) ?? fallback
    }

    public mutating func optionalChoice(
        _ name: String, of choices: [String], help: String, shown: String? = nil
    ) -> String? {
        declare(name, .choice(choices), nil, shown, nil, help)
        guard let value = take(name) else { return nil }
        let text: String? =
            switch value {
            case .string(let text): text
            case .integer(let number): "\(number)"
            case .number(let number): Self.text(number)
            default: nil
            }
        if let text, let match = choices.first(where: { $0.lowercased() == text.lowercased() }) { return match }
        refuse(name, value, "one of " + choices.joined(separator: ", "))
        return nil
    }

    /// Name-value pairs, such as HTTP headers. Values may be strings, numbers or booleans.
    public mutating func pairs(_ name: String, limit: Int = 100, help: String) -> [(name: String, value: String)] {
        declare(name, .object, nil, nil, nil, help)
        guard let value = take(name) else { return [] }
        guard case .object(let members) = value, members.count <= limit else {
            refuse(name, value, "an object of at most \(limit) members")
            return []
        }
        var pairs: [(name: String, value: String)] = []
        for member in members {
            switch member.value {
            case .string(let text): pairs.append((member.name, text))
            case .integer(let number): pairs.append((member.name, "\(number)"))
            case .number(let number): pairs.append((member.name, Self.text(number)))
            case .bool(let flag): pairs.append((member.name, "\(flag)"))
            default:
                refuse("\(name).\(member.name)", member.value, "text")
                return []
            }
        }
        return pairs
    }

    /// The untyped value, for parameters with a shape of their own. The caller refuses what it cannot read.
    public mutating func value(
        _ name: String, _ kind: Declaration.Kind, help: String, shown: String? = nil
    ) -> ParameterValue? {
        declare(name, kind, nil, shown, nil, help)
        return take(name)
    }

    /// Whatever nothing has read so far, untyped and undeclared, in its order of arrival; of equal names the last.
    public mutating func remaining() -> [ParameterValue.Member] {
        var found: [ParameterValue.Member] = []
        for (index, member) in members.enumerated() where !wasRead[index] {
            wasRead[index] = true
            found.removeAll { $0.name == member.name }
            found.append(member)
        }
        return found
    }

    public mutating func refuse(_ name: String, _ value: ParameterValue, _ wanted: String) {
        refuse("\(name) must be \(wanted), not \(value.quoted).")
    }

    // MARK: -

    /// The texts are made for a declaration only: a job has no use for them.
    private mutating func declare(
        _ name: String, _ kind: Declaration.Kind, _ unit: String?, _ shown: @autoclosure () -> String?,
        _ range: @autoclosure () -> String?, _ help: String
    ) {
        guard records else { return }
        declarations.append(
            Declaration(name: name, kind: kind, unit: unit, defaultText: shown(), rangeText: range(), help: help))
    }

    private mutating func take(_ name: String) -> ParameterValue? {
        var value: ParameterValue?
        for (index, member) in members.enumerated() where member.name == name {
            wasRead[index] = true
            value = member.value
        }
        return value == .null ? nil : value
    }

    private static func text(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}

extension ParameterValue {
    /// The value for an error sentence: bounded, without control characters.
    public var quoted: String {
        switch self {
        case .null: return "null"
        case .bool(let flag): return "\(flag)"
        case .integer(let number): return "\(number)"
        case .number(let number): return "\(number)"
        case .string(let text): return text.quotedForMessage
        case .array, .object: return kind
        }
    }
}

extension String {
    /// At most 80 characters in double quotes, control characters shown as `\u{..}`: safe in a log line and a sentence.
    public var quotedForMessage: String {
        var shown = ""
        for (index, scalar) in unicodeScalars.enumerated() {
            if index == 80 {
                shown += "..."
                break
            }
            shown +=
                scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
                ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
        return "\"\(shown)\""
    }
}
