/// One flag of a command, however it came to be: from a setting of the node or from a parameter of a tool.
struct Flag: Sendable {
    enum Form: Sendable, Hashable {
        /// `--count 4`
        case value(placeholder: String)
        /// `--dnssec`, `--no-dnssec`
        case toggle(isOn: Bool)
        /// `--headers 'Name: value'` or `--headers name=value`, as often as wanted.
        case pairs
        /// `--expect status=200`, `--expect header.server=nginx` or one JSON object, as often as wanted.
        case members
        /// `--ports 80,443`, as often as wanted.
        case list
        /// `--steps expect:^220`, as often as wanted.
        case texts
    }

    /// Without the dashes, in kebab-case.
    var name: String
    /// A second, short spelling: "-c".
    var short: String?
    var form: Form
    var help: String
    /// Default, range and other names, for the end of the help text.
    var remarks: [String] = []

    /// As the help shows it.
    var spelling: String {
        let lead = short.map { "\($0), " } ?? "    "
        switch form {
        case .value(let placeholder): return "\(lead)--\(name) \(placeholder)"
        case .toggle(let isOn): return "\(lead)--\(isOn ? "[no-]" : "")\(name)"
        case .pairs: return "\(lead)--\(name) 'NAME: VALUE'"
        case .members: return "\(lead)--\(name) NAME=VALUE"
        case .list: return "\(lead)--\(name) A,B,..."
        case .texts: return "\(lead)--\(name) TEXT ..."
        }
    }
}

/// Wrong usage in one sentence; the process ends with EX_USAGE (64).
struct UsageError: Error, CustomStringConvertible {
    static let exitCode: Int32 = 64
    let description: String
    init(_ sentence: String) { description = sentence }
}
