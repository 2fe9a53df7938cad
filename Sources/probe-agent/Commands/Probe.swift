import ArgumentParser
import ProbeAgent
import ProbeNative
import ProbeProtocol

/// One diagnostic of any tool of the registry, here and now, without a backend.
struct Probe: ParsableCommand {
    static let name = "probe"
    static let configuration = CommandConfiguration(commandName: name, shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough) var words: [String] = []

    private static let json = Flag(
        name: "json", form: .toggle(isOn: false), help: "Print the result as the backend would get it, in one line.")

    func run() throws {
        try reportingErrors {
            let typed = try ToolWords(words, own: [Self.json], usage: "probe-agent TOOL TARGET [options]")
            if typed.wantsHelp { return Terminal.output(Self.help(typed)) }
            let job = try typed.toolFlags.job(typed.parsed)
            let policy = try typed.policy()
            let prepared = try ToolWords.start()
            let probe = try typed.probe(job, in: prepared.registry)
            let isJSON = typed.parsed.last(Self.json.name) == "true"
            let screen =
                Terminal.isInteractive && !isJSON ? LiveScreen(target: job.target, color: Terminal.usesColor) : nil
            let ended = try OneShot(prepared, policy).run(probe, screen: screen)
            if isJSON {
                Terminal.output(JSONWriter.object(ended.result) + [UInt8(ascii: "\n")])
            } else {
                Terminal.output(ResultText.render(ended.result, color: Terminal.usesColor))
            }
            ProcessEnd.now(ended.exitCode)
        }
    }

    private static func help(_ words: ToolWords) -> String {
        """
        \(words.tool.summary)

        USAGE: probe-agent \(words.tool.name) TARGET [options]

        TARGET: \(words.tool.targetHelp)

        OPTIONS:

        """ + FlagHelp.text(words.toolFlags.flags + [json, Flag(.deny), .help])
    }
}

extension OneShot.Ended {
    /// As a shell's: 128 and the signal; else whether the diagnostic succeeded.
    var exitCode: Int32 { signal.map { 128 + $0 } ?? (result.outcome.failure == nil ? 0 : 1) }
}
