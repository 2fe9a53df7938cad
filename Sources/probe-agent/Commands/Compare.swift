import ArgumentParser
import ProbeAgent
import ProbeNative
import ProbeProtocol

/// `probe-agent compare TOOL A B`: two targets, or two values of an option, side by side.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Measure two targets, or two name servers, side by side.",
        usage: "probe-agent compare TOOL A B [the tool's options] [--rounds N] [--interval SECONDS] [--json]")

    @Argument(parsing: .captureForPassthrough) var words: [String] = []

    private static let rounds = Flag(
        name: "rounds", form: .value(placeholder: "N"), help: "How often each side is measured.",
        remarks: ["default: 10", "1 to 200"])
    private static let interval = Flag(
        name: "interval", form: .value(placeholder: "SECONDS"), help: "The pause between two rounds.",
        remarks: ["default: 0.2", "0 to 3600"])
    private static let json = Flag(
        name: "json", form: .toggle(isOn: false), help: "Print the comparison as one JSON object (docs/compare.md).")
    private static let own = [rounds, interval, json]
    private static let usage = "probe-agent compare TOOL A B [options]"

    func run() throws {
        try reportingErrors {
            if words.first == "--help" || words.first == "-h" { return Terminal.output(Self.help(nil)) }
            let typed = try ToolWords(words, own: Self.own, usage: Self.usage)
            if typed.wantsHelp { return Terminal.output(Self.help(typed)) }
            let rounds = try typed.parsed.integer(Self.rounds, in: 1...200) ?? 10
            let interval = try Self.pause(typed.parsed)
            let sides = try ComparedSides(typed, usage: Self.usage)
            let policy = try typed.policy()
            let prepared = try ToolWords.start()
            let probes = try [sides.first, sides.second].map { try typed.probe($0.job, in: prepared.registry) }
            if probes.contains(where: \.common.bothFamilies) {
                throw UsageError("--ip-version both cannot be compared; give --ip-version 4 --ip-version 6.")
            }
            var comparison = Comparison(typed.tool.name, sides, rounds: rounds)
            let isJSON = typed.parsed.last(Self.json.name) == "true"
            let signal = try Self.measure(
                &comparison, probes, interval, OneShot(prepared, policy),
                isJSON || !Terminal.isInteractive ? nil : LiveScreen(target: "", color: Terminal.usesColor))
            if isJSON {
                Terminal.output(JSONWriter.object(comparison) + [UInt8(ascii: "\n")])
            } else {
                Terminal.output(CompareText.render(comparison, color: Terminal.usesColor))
            }
            ProcessEnd.now(signal.map { 128 + $0 } ?? comparison.exitCode)
        }
    }

    /// - Returns: the signal that ended it early. The round that it cut is left out.
    private static func measure(
        _ comparison: inout Comparison, _ probes: [PreparedProbe], _ interval: Duration, _ oneShot: OneShot,
        _ screen: LiveScreen?
    ) -> Int32? {
        defer { screen?.close() }
        for round in 0..<comparison.rounds {
            if round > 0, let signal = oneShot.pause(interval) { return signal }
            for side in Comparison.order(inRound: round) {
                let ended = oneShot.run(probes[side == .first ? 0 : 1])
                if let signal = ended.signal { return signal }
                comparison.add(ended.result, side, round: round)
            }
            screen?.show(text: CompareText.render(comparison, color: Terminal.usesColor))
        }
        return nil
    }

    private static func pause(_ parsed: FlagParser.Parsed) throws(UsageError) -> Duration {
        guard let text = parsed.last(interval.name) else { return .milliseconds(200) }
        guard let seconds = Double(text), (0...3600).contains(seconds) else {
            throw UsageError("--interval must be a number of seconds from 0 to 3600, not \(text.shownInSentence).")
        }
        return .seconds(fromDouble: seconds)
    }

    private static func help(_ words: ToolWords?) -> String {
        """
        Measures two sides by turns (A B, B A, A B, ...), and shows side by side their verdicts, the times that the tool
        reports, and what differs in the answers. A difference of times is claimed only where noise does not explain it.

        USAGE: \(usage)

        A and B are two targets; or one target, and one option twice with two values:
          probe-agent compare http https://a.example/ https://b.example/
          probe-agent compare dns example.com AAAA @192.0.2.1 @198.51.100.1
          probe-agent compare tls example.com --ip-version 4 --ip-version 6
          probe-agent compare traceroute a.example b.example --rounds 6 --interval 5

        The options are the tool's own (probe-agent TOOL --help) and these. Exit codes: 0 same verdicts and answers, 1 they
        differ, 2 neither side could be measured here, 64 wrong usage. Times do not change the exit code.

        OPTIONS:

        """ + FlagHelp.text(own + (words?.toolFlags.flags ?? []) + [Flag(.deny), .help])
    }
}
