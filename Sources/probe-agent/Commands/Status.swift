import ArgumentParser
import ProbeAgent
import ProbeNative

/// `probe-agent status`: what the running node says of itself.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Ask the running node how it is.",
        usage: "probe-agent status [--json | --ready | --live] [--state-dir DIR | --control-socket PATH]")

    @Argument(parsing: .captureForPassthrough) var words: [String] = []

    private static let json = Flag(
        name: "json", form: .toggle(isOn: false), help: "Print the node's answer as it is.")
    private static let ready = Flag(
        name: "ready", form: .toggle(isOn: false),
        help: "Only say whether jobs can come: connected, authenticated and not draining.")
    private static let live = Flag(
        name: "live", form: .toggle(isOn: false),
        help: "Only say whether the process serves and its reactors turn, also without its backend.")

    func run() throws {
        try reportingErrors {
            let flags = Setting.controlPath.map(Flag.init) + [Self.json, Self.ready, Self.live, .help]
            let parsed = try FlagParser(flags).parse(words)
            if parsed.last(Flag.help.name) != nil { return Terminal.output(Self.helpText(flags)) }
            if let word = parsed.operands.first {
                throw UsageError("status takes flags only, not \(word.shownInSentence).")
            }
            let wanted = [Self.json, Self.ready, Self.live].filter { parsed.last($0.name) == "true" }
            guard wanted.count < 2 else { throw UsageError("Give one of --json, --ready and --live.") }
            let node = try ControlNode(parsed)
            switch wanted.first?.name {
            case Self.ready.name: try Self.check(try node.ask("GET", "/ready"))
            case Self.live.name: try Self.check(try node.ask("GET", "/live"))
            case Self.json.name: Terminal.output(try node.status().bytes)
            default:
                Terminal.output(StatusText.render(try node.status().fields, color: Terminal.usesColor))
            }
        }
    }

    /// The node's sentence, on standard error where it is a no.
    private static func check(_ reply: LocalClient.Reply) throws {
        let sentence = String(decoding: reply.body, as: UTF8.self).prefix { $0 != "\n" }
        if reply.status == 200 { return Terminal.output("\(sentence)\n") }
        Terminal.complain(String(sentence).printable())
        throw ExitCode(1)
    }

    private static func helpText(_ flags: [Flag]) -> String {
        """
        Asks the node that runs on this machine how it is: its connection, its jobs, the results that wait for the backend,
        what went wrong lately.

        USAGE: probe-agent status [--json | --ready | --live] [options]

        The node is found by the settings that it was started with: PROBEOPS_CONTROL_SOCKET, PROBEOPS_STATE_DIR, or a file
        given by --config. Exit code: 0; 1 when --ready or --live is a no, or no node answers.

        OPTIONS:

        """ + FlagHelp.text(flags)
    }
}

/// The running node, as a command finds it.
struct ControlNode {
    private let client: LocalClient

    /// - Throws: a sentence when the settings name no place.
    init(_ parsed: FlagParser.Parsed) throws {
        let loader = ConfigurationLoader(
            flags: parsed.values(of: Setting.controlPath), environment: ProcessEnvironment.variables)
        guard let path = try loader.loadControlPath() else {
            throw LocalClient.Unreachable(
                description:
                    "Where the node's control socket is, nothing says: give --state-dir DIR as the node has it, "
                    + "or --control-socket PATH.")
        }
        client = LocalClient(path: path)
    }

    func ask(_ method: String, _ target: String) throws(LocalClient.Unreachable) -> LocalClient.Reply {
        try client.ask(method, target)
    }

    /// - Throws: a sentence when what answers speaks no JSON.
    func status() throws -> (bytes: [UInt8], fields: ParameterValue) {
        try Self.fields(try ask("GET", "/status"))
    }

    static func fields(_ reply: LocalClient.Reply) throws -> (bytes: [UInt8], fields: ParameterValue) {
        guard reply.status / 100 == 2, let fields = try? JSONDocument.read(reply.body) else {
            let said = String(decoding: reply.body.prefix(200), as: UTF8.self).quotedForMessage
            throw LocalClient.Unreachable(description: "The node answered \(reply.status): \(said).")
        }
        return (reply.body, fields)
    }
}
