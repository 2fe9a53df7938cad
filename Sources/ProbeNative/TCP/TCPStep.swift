/// One step of a conversation: say something, hear something, and change to TLS, in this order, each if asked for.
public struct TCPStep: Sendable {
    public var send: [UInt8]?
    public var expect: Pattern?
    public var startsTLS = false

    static let longestSend = 4096

    /// Reads `{send, expect_regex, starttls}`, or the short forms `"send:TEXT"`, `"expect:REGEX"` and `"starttls"`.
    /// - Parameter name: of the step, for the refusal.
    init(_ value: ParameterValue, name: String) throws(InvalidInput) {
        switch value {
        case .object(let members):
            for member in members { try read(member.name, member.value, name) }
        case .string("starttls"): startsTLS = true
        case .string(let text):
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, ["send", "expect"].contains(parts[0]) else {
                throw InvalidInput(
                    "\(name) must be send:TEXT, expect:REGEX, starttls or an object, not \(text.quotedForMessage).")
            }
            let isSend = parts[0] == "send"
            try read(isSend ? "send" : "expect_regex", .string(String(parts[1])), name)
        default:
            throw InvalidInput("\(name) must be an object with send, expect_regex or starttls, not \(value.quoted).")
        }
        guard send != nil || expect != nil || startsTLS else {
            throw InvalidInput("\(name) must have one of send, expect_regex and starttls.")
        }
    }

    private mutating func read(_ member: String, _ value: ParameterValue, _ name: String) throws(InvalidInput) {
        switch (member, value) {
        case (_, .null): break
        case ("send", .string(let text)):
            guard text.utf8.count <= Self.longestSend, let bytes = EscapedBytes.parse(text) else {
                throw InvalidInput(
                    "\(name).send must be at most \(Self.longestSend) bytes with no other escapes than "
                        + "\\r \\n \\t \\0 \\\\ \\xHH, not \(text.quotedForMessage).")
            }
            send = bytes
        case ("expect_regex", .string(let text)):
            expect = try Pattern(text, parameter: "\(name).expect_regex", matchesLines: true)
        case ("starttls", .bool(let flag)): startsTLS = flag
        case ("send", _), ("expect_regex", _):
            throw InvalidInput("\(name).\(member) must be text, not \(value.quoted).")
        case ("starttls", _): throw InvalidInput("\(name).starttls must be true or false, not \(value.quoted).")
        default: throw InvalidInput("\(name) has no member \(member.quotedForMessage).")
        }
    }
}
