import ArgumentParser
import ProbeAgent
import ProbeNative
import ProbeProtocol

/// `probe-agent explain TOOL TARGET`: one diagnostic, and the story of its time.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Run one diagnostic and show where its time went.",
        usage: "probe-agent explain TOOL TARGET [the tool's options] [--format text|json|chrome] [-o FILE]")

    @Argument(parsing: .captureForPassthrough) var words: [String] = []

    enum Format: String, CaseIterable { case text, json, chrome }

    private static let format = Flag(
        name: "format", form: .value(placeholder: "FORM"),
        help: "text: a waterfall; json: every step (docs/explain.md); chrome: trace events for Perfetto.",
        remarks: ["default: text"])
    private static let output = Flag(
        name: "output", short: "-o", form: .value(placeholder: "FILE"),
        help: "Write there instead of standard output.")
    private static let own = [format, output]

    func run() throws {
        try reportingErrors {
            if words.isEmpty || words.first == "--help" || words.first == "-h" {
                guard words.isEmpty else { return Terminal.output(Self.help(nil)) }
                throw UsageError("Say what to explain: \(Self.usage).")
            }
            let typed = try ToolWords(words, own: Self.own, usage: Self.usage)
            if typed.wantsHelp { return Terminal.output(Self.help(typed)) }
            let name = typed.parsed.last(Self.format.name) ?? Format.text.rawValue
            guard let format = Format(rawValue: name) else {
                throw UsageError("--format must be text, json or chrome, not \(name.shownInSentence).")
            }
            let job = try typed.toolFlags.job(typed.parsed)
            let policy = try typed.policy()
            // A target that the tool refuses leaves an old file as it is; a hardened process opens no new one.
            _ = try typed.probe(job, in: .builtIn())
            let file = try typed.parsed.last(Self.output.name).map(OutputFile.init)
            let prepared = try ToolWords.start()
            let ended = try OneShot(prepared, policy).run(
                try typed.probe(job, in: prepared.registry), isRecorded: true)
            guard let story = Story(ended) else { return }
            let text = Self.render(story, format, isFile: file != nil)
            if let file { file.write(text) } else { Terminal.output(text) }
            ProcessEnd.now(ended.exitCode)
        }
    }

    private static func render(_ story: Story, _ format: Format, isFile: Bool) -> [UInt8] {
        switch format {
        case .text:
            let columns = Terminal.isInteractive && !isFile ? Terminal.size.columns : Waterfall.narrow
            return Array(Waterfall.text(story, columns: columns, color: Terminal.usesColor && !isFile).utf8)
        case .json: return JSONWriter.object(story) + [UInt8(ascii: "\n")]
        case .chrome: return JSONWriter.object(ChromeTrace(story: story)) + [UInt8(ascii: "\n")]
        }
    }

    private static let usage = "probe-agent explain TOOL TARGET [options]"

    private static func help(_ words: ToolWords?) -> String {
        """
        Runs one diagnostic here and now, and tells its story: how it was queued and admitted, what the policy said, each
        query to a name server, each connection, TLS, request, packet and pause, until the verdict; each with when it began,
        how long it took and what came of it. Then: where most of the time went, and what the verdict rests on.

        USAGE: \(usage)

        Examples:
          probe-agent explain http https://example.com/
          probe-agent explain dns example.com AAAA @192.0.2.53 --format json
          probe-agent explain traceroute example.com --format chrome -o trace.json
        The last one's file is for https://ui.perfetto.dev or chrome://tracing.

        The options are the tool's own (probe-agent TOOL --help) and these. Exit codes: 0 the diagnostic succeeded, 1 it
        failed, 64 wrong usage, 74 the file could not be written.

        OPTIONS:

        """ + FlagHelp.text(own + (words?.toolFlags.flags ?? []) + [Flag(.deny), .help])
    }
}
