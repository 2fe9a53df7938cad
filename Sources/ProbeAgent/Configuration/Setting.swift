/// One setting, declared once: its names in every source, what is allowed, what it means. Lookup, `--help` and the table
/// of docs/configuration.md come from this declaration.
public struct Setting: Sendable {
    /// The long flag without its dashes; with underscores it is the key in the config file.
    public let name: String
    public let variable: String?
    /// What stands for the value in `--help`; nil for a switch.
    public let placeholder: String?
    /// The default as a person would type it; nil when there is none.
    public let fallback: String?
    /// Continues "X must be ...".
    public let allowed: String
    public let help: String
    /// False for what only makes sense on the command line or in the environment.
    public let isInFile: Bool
    /// Its value is never shown.
    public let isSecret: Bool
    /// Its flag may be repeated; the values are joined by commas, as they stand in a variable or the file.
    public let isList: Bool
    /// SIGHUP brings a new value into force.
    public let isReloadable: Bool
    /// Puts the text's value in its place; false when it is not allowed.
    let apply: @Sendable (String, inout AgentConfiguration) -> Bool

    public var flag: String { "--" + name }
    public var key: String { String(name.map { $0 == "-" ? "_" : $0 }) }

    init<Value: Sendable>(
        _ name: String, variable: String?, _ placeholder: String?, default fallback: String? = nil,
        _ format: ValueFormat<Value>, isInFile: Bool = true, isSecret: Bool = false,
        isList: Bool = false, isReloadable: Bool = false,
        into place: @escaping @Sendable (inout AgentConfiguration, Value) -> Void, help: String
    ) {
        self.name = name
        self.variable = variable
        self.placeholder = placeholder
        self.fallback = fallback
        self.help = help
        self.isInFile = isInFile
        self.isSecret = isSecret
        self.isList = isList
        self.isReloadable = isReloadable
        allowed = format.allowed
        apply = { text, configuration in
            guard let value = format.read(text) else { return false }
            place(&configuration, value)
            return true
        }
    }
}

extension Setting {
    /// The table of docs/configuration.md.
    public static var markdownTable: String {
        var lines = ["| flag | variable | file key | default | meaning |", "|---|---|---|---|---|"]
        for setting in all {
            let flag = setting.flag + (setting.placeholder.map { " \($0)" } ?? "")
            let variable = setting.variable.map { "`\($0)`" } ?? ""
            let key = setting.isInFile ? "`\(setting.key)`" : ""
            let fallback = setting.fallback.map { "`\($0)`" } ?? ""
            let meaning = setting.help + (setting.placeholder == nil ? "" : " Must be \(setting.allowed).")
            lines.append("| `\(flag)` | \(variable) | \(key) | \(fallback) | \(meaning) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
