import ProbeAgent

extension Flag {
    /// The flag of a node's setting.
    init(_ setting: Setting) {
        name = setting.name
        form = setting.placeholder.map { .value(placeholder: $0) } ?? .toggle(isOn: false)
        help = setting.help
        if let fallback = setting.fallback, setting.placeholder != nil { remarks.append("default: \(fallback)") }
        if setting.isList { remarks.append("as often as wanted") }
        if let variable = setting.variable { remarks.append(variable) }
    }

    static let help = Flag(name: "help", short: "-h", form: .toggle(isOn: false), help: "Show this text.")
}
