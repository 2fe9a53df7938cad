import ArgumentParser
import ProbeAgent
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// `probe-agent drain`: the running node finishes what it has and ends.
struct DrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Let the running node finish its jobs, take no more, and end.",
        usage: "probe-agent drain [--wait] [--timeout SECONDS] [--state-dir DIR | --control-socket PATH]")

    @Argument(parsing: .captureForPassthrough) var words: [String] = []

    private static let wait = Flag(
        name: "wait", form: .toggle(isOn: false),
        help: "Return when the node has ended, and show what is left until then.")
    private static let timeout = Flag(
        name: "timeout", form: .value(placeholder: "SECONDS"),
        help: "How long running jobs may take; then they are cut.",
        remarks: ["default: 60"])

    func run() throws {
        try reportingErrors {
            let flags = Setting.controlPath.map(Flag.init) + [Self.wait, Self.timeout, .help]
            let parsed = try FlagParser(flags).parse(words)
            if parsed.last(Flag.help.name) != nil { return Terminal.output(Self.helpText(flags)) }
            if let word = parsed.operands.first {
                throw UsageError("drain takes flags only, not \(word.shownInSentence).")
            }
            let seconds = try parsed.integer(Self.timeout, in: 0...86_400) ?? 60
            let node = try ControlNode(parsed)
            let reply = try ControlNode.fields(try node.ask("POST", "/drain?timeout=\(seconds)"))
            Terminal.output("The node takes no more jobs. " + Self.left(reply.fields))
            if parsed.last(Self.wait.name) == "true" { Self.follow(node, Self.left(reply.fields)) }
        }
    }

    /// Until nobody answers any more: the node closes its socket as the last thing it does.
    private static func follow(_ node: ControlNode, _ first: String) {
        var shown = first
        while let status = try? node.status() {
            let left = left(status.fields)
            if left != shown { Terminal.output(left) }
            shown = left
            usleep(200_000)
        }
        Terminal.output("The node has ended.\n")
    }

    private static func left(_ status: ParameterValue) -> String {
        let jobs = status["jobs"]?["in_flight"]?.number ?? 0
        let results = status["outbox"]?["entries"]?.number ?? 0
        return "Left: \(Int(jobs)) running, \(Int(results)) results to deliver.\n"
    }

    private static func helpText(_ flags: [Flag]) -> String {
        """
        Lets the node that runs on this machine finish: jobs that run may end, those that wait or come are answered
        shutting_down, the backend is told, results are delivered, and the node ends with exit code 0. (SIGTERM does the
        same, and gives running jobs seven seconds.)

        USAGE: probe-agent drain [--wait] [--timeout SECONDS] [options]

        A service manager that restarts whatever ends starts the node again: use its own stop command there.
        Exit code: 0; 1 when no node answers.

        OPTIONS:

        """ + FlagHelp.text(flags)
    }
}
