/// Reads `expect`. Everything that can be wrong with it is found here, before anything runs.
public struct HTTPExpectations: Sendable {
    /// Expectations of one job.
    static let most = 32
    private static let members = [
        "status", "header", "body_regex", "not_body_regex", "json", "max_ms", "tls_days_left",
    ]

    public private(set) var all: [HTTPExpectation] = []

    init() {}

    /// - Throws: `invalid_parameters` naming the member that does not fit.
    init(_ value: ParameterValue) throws(InvalidInput) {
        guard case .object(let members) = value else {
            throw InvalidInput("expect must be an object, not \(value.quoted).")
        }
        if let unknown = members.first(where: { !Self.members.contains($0.name) }) {
            throw InvalidInput(
                "expect has no member \(unknown.name.quotedForMessage): it takes "
                    + Self.members.joined(separator: ", ") + ".")
        }
        for name in Self.members {
            guard let value = value[name], value != .null else { continue }
            all += try Self.read(name, value)
        }
        guard all.count <= Self.most else {
            throw InvalidInput("expect must be at most \(Self.most) expectations, not \(all.count).")
        }
    }

    var readsBody: Bool { all.contains(where: \.readsBody) }
    /// Else a final status of 2xx or 3xx is expected.
    var namesStatus: Bool { all.contains { if case .status = $0.test { true } else { false } } }

    private static func read(_ name: String, _ value: ParameterValue) throws(InvalidInput) -> [HTTPExpectation] {
        switch name {
        case "status": return [HTTPExpectation(name, .status(try statuses(value)))]
        case "header": return try headers(value)
        case "body_regex": return [HTTPExpectation(name, .body(try pattern(value, "expect.\(name)")))]
        case "not_body_regex": return [HTTPExpectation(name, .bodyWithout(try pattern(value, "expect.\(name)")))]
        case "json": return try values(value)
        case "max_ms":
            let limit = try number(value, "expect.max_ms", in: 1...600_000, "a number of milliseconds")
            return [HTTPExpectation(name, .time(.milliseconds(limit)))]
        default:
            let days = try number(value, "expect.tls_days_left", in: 0...36_500, "a whole number of days")
            guard let whole = Int(exactly: days) else { throw refusal("expect.\(name)", "a whole number", value) }
            return [HTTPExpectation(name, .certificateDays(whole))]
        }
    }

    // MARK: Statuses

    /// 200, "200", "2xx", "200-299", "200,204", or a list of these.
    private static func statuses(_ value: ParameterValue) throws(InvalidInput) -> [ClosedRange<Int>] {
        var ranges: [ClosedRange<Int>] = []
        for element in value.elements.isEmpty ? [value] : value.elements {
            switch element {
            case .integer(let number): ranges.append(try range("\(number)", element))
            case .string(let text):
                for word in text.split(separator: ",") { ranges.append(try range(word, element)) }
            default: throw badStatus(element)
            }
        }
        guard (1...Self.most).contains(ranges.count) else { throw badStatus(value) }
        return ranges
    }

    private static func range(_ word: some StringProtocol, _ value: ParameterValue) throws(InvalidInput)
        -> ClosedRange<Int>
    {
        let text = String(word.filter { $0 != " " }).lowercased()
        if text.hasSuffix("xx"), text.utf8.count == 3, let first = Int(text.prefix(1)), (1...9).contains(first) {
            return first * 100...first * 100 + 99
        }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard let low = ends.first ?? nil, let high = ends.last ?? nil, ends.count <= 2, low <= high,
            low >= 100, high <= 999
        else { throw badStatus(value) }
        return low...high
    }

    private static func badStatus(_ value: ParameterValue) -> InvalidInput {
        refusal("expect.status", "numbers from 100 to 999, classes such as 2xx or ranges such as 200-299", value)
    }

    // MARK: Texts and JSON values

    private static func headers(_ value: ParameterValue) throws(InvalidInput) -> [HTTPExpectation] {
        guard case .object(let members) = value else {
            throw refusal("expect.header", "an object of header names", value)
        }
        var expectations: [HTTPExpectation] = []
        for member in members {
            guard !member.name.isEmpty, member.name.utf8.allSatisfy(HTTPField.isTokenByte) else {
                throw InvalidInput("expect.header: \(member.name.quotedForMessage) is not the name of a header field.")
            }
            let test = try textTest(member.value, "expect.header.\(member.name)")
            let name = member.name.lowercased()
            expectations.append(HTTPExpectation("header:\(name)", .header(name, test)))
        }
        return expectations
    }

    private static func textTest(_ value: ParameterValue, _ name: String) throws(InvalidInput) -> HTTPTextTest {
        if let text = value.scalarText { return .either(try Pattern(text, parameter: name)) }
        guard case .object(let members) = value, members.count == 1 else {
            throw refusal(name, "a text, {\"equals\": text} or {\"regex\": pattern}", value)
        }
        if let text = value["equals"]?.scalarText { return .equals(text) }
        return .matches(try pattern(value["regex"] ?? value, "\(name).regex"))
    }

    /// `{"pointer": "/a", "equals": 1}`, a list of such, or `{"/a": 1, "/b": {"regex": "x"}}`.
    private static func values(_ value: ParameterValue) throws(InvalidInput) -> [HTTPExpectation] {
        switch value {
        case .array(let elements):
            var expectations: [HTTPExpectation] = []
            for element in elements { expectations += try values(element) }
            return expectations
        case .object(let members) where value["pointer"] != nil:
            guard let text = value["pointer"]?.text else {
                throw refusal("expect.json.pointer", "a JSON pointer", value["pointer"] ?? value)
            }
            return [try valueTest(text, .object(members.filter { $0.name != "pointer" }))]
        case .object(let members) where !members.isEmpty:
            var expectations: [HTTPExpectation] = []
            for member in members {
                var test = member.value
                if test.scalarText != nil || test == .null { test = .object([.init("equals", test)]) }
                expectations.append(try valueTest(member.name, test))
            }
            return expectations
        default:
            throw refusal("expect.json", "an object with pointer and equals or regex, or a list of them", value)
        }
    }

    private static func valueTest(_ text: String, _ test: ParameterValue) throws(InvalidInput) -> HTTPExpectation {
        guard text.utf8.count <= 1024, let pointer = JSONPointer(text) else {
            throw refusal("expect.json.pointer", "a JSON pointer (RFC 6901) such as /state/0", .string(text))
        }
        guard case .object(let members) = test, members.count == 1, let member = members.first,
            ["equals", "regex"].contains(member.name)
        else { throw InvalidInput("expect.json must have equals or regex, and nothing else, beside the pointer.") }
        if member.name == "equals" { return HTTPExpectation("json:\(text)", .json(pointer, .equals(member.value))) }
        let pattern = try pattern(member.value, "expect.json.regex")
        return HTTPExpectation("json:\(text)", .json(pointer, .matches(pattern)))
    }

    private static func pattern(_ value: ParameterValue, _ name: String) throws(InvalidInput) -> Pattern {
        guard let text = value.scalarText else { throw refusal(name, "a pattern", value) }
        return try Pattern(text, parameter: name)
    }

    // MARK: Numbers

    private static func number(
        _ value: ParameterValue, _ name: String, in range: ClosedRange<Double>, _ wanted: String
    ) throws(InvalidInput) -> Double {
        guard let number = value.scalarText.flatMap(Double.init), range.contains(number) else {
            throw refusal(name, "\(wanted) from \(Int(range.lowerBound)) to \(Int(range.upperBound))", value)
        }
        return number
    }

    private static func refusal(_ name: String, _ wanted: String, _ value: ParameterValue) -> InvalidInput {
        InvalidInput("\(name) must be \(wanted), not \(value.quoted).")
    }
}

extension ParameterValue {
    /// A text, number or boolean as JSON writes it, without quotes; nil for anything else.
    var scalarText: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .number(let number):
            number == number.rounded() && abs(number) < 1e15 ? "\(Int64(number))" : "\(number)"
        case .bool(let flag): "\(flag)"
        case .null, .array, .object: nil
        }
    }
}
