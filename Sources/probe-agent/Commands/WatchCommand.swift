import ArgumentParser
import ProbeAgent
import ProbeNative

/// `probe-agent watch -c FILE`: scheduled checks without a backend.
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Run the checks of a file by their schedule, without a backend.")

    @Argument(parsing: .captureForPassthrough) var words: [String] = []

    private static let file = Flag(
        name: "config", short: "-c", form: .value(placeholder: "FILE"), help: "The file of checks (docs/watch.md).")
    private static let check = Flag(
        name: "check", form: .toggle(isOn: false), help: "Only say whether the file is good and what it amounts to.")
    private static let once = Flag(
        name: "once", form: .toggle(isOn: false),
        help: "Run each check once, now; exit with 0 when all went well, with 1 otherwise.")
    private static let output = Flag(
        name: "output", short: "-o", form: .value(placeholder: "FORM"),
        help: "What standard output shows: \(WatchConsole.Form.names).",
        remarks: ["default: table on a terminal, else lines"])
    /// Of the node's settings those that mean something here.
    private static let settings =
        Setting.all.filter {
            ["deny", "max-concurrent", "log-level", "log-format", "user", "hardening"].contains($0.name)
        }

    func run() throws {
        try reportingErrors {
            let flags = [Self.file, Self.check, Self.once, Self.output] + Self.settings.map(Flag.init) + [.help]
            let parsed = try FlagParser(flags).parse(words)
            if parsed.last(Flag.help.name) != nil { return Terminal.output(Self.help(flags)) }
            if let word = parsed.operands.first {
                throw UsageError("watch takes flags only, not \(word.shownInSentence); the file is given by -c FILE.")
            }
            guard let path = parsed.last(Self.file.name) else {
                throw UsageError("Say what to watch: probe-agent watch -c FILE.")
            }
            let isOnce = parsed.last(Self.once.name) == "true"
            var form = Terminal.isInteractive && !isOnce ? WatchConsole.Form.table : .lines
            if let word = parsed.last(Self.output.name) {
                guard let named = WatchConsole.Form(rawValue: word) else {
                    throw UsageError("--output must be \(WatchConsole.Form.names), not \(word.shownInSentence).")
                }
                form = named
            }
            let variables = Set(Self.settings.compactMap(\.variable))
            let configuration = try ConfigurationLoader(
                flags: parsed.values(of: Self.settings),
                environment: ProcessEnvironment.variables.filter { variables.contains($0.key) }
            ).load(only: Self.settings)
            let file = try WatchFile(path: path, registry: .builtIn())
            if parsed.last(Self.check.name) == "true" { return Terminal.output(WatchSummary.text(file)) }
            ProcessEnd.now(try WatchProcess.run(file, configuration, form, once: isOnce))
        }
    }

    private static func help(_ flags: [Flag]) -> String {
        """
        Runs the checks of a file by their schedule and says what came of them, without a backend.
        SIGHUP reads the file again and takes over what differs.

        USAGE: probe-agent watch -c FILE [--check | --once] [options]

        The least that a file must have:

            checks:
              - tool: ping
                target: 192.0.2.1
                every: 10s

        OPTIONS:

        """ + FlagHelp.text(flags)
    }
}

/// What a file amounts to, for `--check`.
enum WatchSummary {
    static func text(_ file: WatchFile) -> String {
        var tools: [String: Int] = [:]
        for check in file.checks { tools[check.tool, default: 0] += 1 }
        let shown = tools.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        let longest = file.checks.map(\.timing.every).max() ?? .zero
        let count = file.checks.count == 1 ? "1 check" : "\(file.checks.count) checks"
        return """
            \(file.path) is good.
              \(count): \(shown)
              \(PingText.decimal(file.rate, places: 2)) starts a second, spread evenly; the first at once, \
            each within \(PingText.decimal(longest.inSeconds, places: 0)) s
              outputs: \(file.outputNames.isEmpty ? "none but standard output" : file.outputNames.joined(separator: ", "))

            """
    }
}
