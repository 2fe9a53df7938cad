import ArgumentParser
import ProbeAgent
import ProbeNative

/// `probe-agent report FILE`: what a history says of a period.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Report availability and latency from the history of a watch.",
        usage: "probe-agent report FILE [--since 7d] [--format text|json|html] [-o FILE]")

    @Argument(parsing: .captureForPassthrough) var words: [String] = []

    enum Format: String, CaseIterable {
        case text, json, html
        static let names = allCases.map(\.rawValue).joined(separator: ", ")
    }

    private static let since = Flag(
        name: "since", form: .value(placeholder: "WHEN"),
        help: "Where the period begins: 12h, 7d, 4w or 1y ago, a date, or a time such as 2026-01-31T12:00.",
        remarks: ["default: 7d"])
    private static let until = Flag(
        name: "until", form: .value(placeholder: "WHEN"), help: "Where it ends, in the same words.",
        remarks: ["default: now"])
    private static let filters = ["check", "tool", "target", "group"].map { name in
        Flag(
            name: name, form: .value(placeholder: "PATTERN"),
            help: "Only checks whose \(name == "check" ? "id" : name) matches; * and ? stand for any characters.",
            remarks: ["may be repeated"])
    }
    private static let format = Flag(
        name: "format", form: .value(placeholder: "FORM"), help: "What it is written as: \(Format.names).",
        remarks: ["default: as FILE of -o ends, else text"])
    private static let output = Flag(
        name: "output", short: "-o", form: .value(placeholder: "FILE"), help: "Write into a file.",
        remarks: ["default: standard output"])
    private static let most = Flag(
        name: "most", form: .value(placeholder: "COUNT"),
        help: "How many checks text and html show each by itself: the worst. JSON always has all.",
        remarks: ["default: 30"])
    private static let flags = [since, until] + filters + [format, output, most, .help]

    func run() throws {
        try reportingErrors {
            let parsed = try FlagParser(Self.flags).parse(words)
            if parsed.last(Flag.help.name) != nil { return Terminal.output(Self.helpText) }
            guard let path = parsed.operands.first, parsed.operands.count == 1 else {
                throw UsageError("Say which history: probe-agent report FILE.")
            }
            let (query, format) = (try Self.query(parsed), try Self.format(parsed))
            let most = try parsed.integer(Self.most, in: 0...200) ?? 30
            let file = parsed.last(Self.output.name)
            if let file { try Self.refuse(file, ofHistory: path) }
            let report = try HistoryReader(path).report(query, plotted: format == .json ? 0 : most)
            let bytes: [UInt8] =
                switch format {
                case .text:
                    Array(HistoryText.render(report, Style(color: file == nil && Terminal.usesColor)).utf8)
                case .json: report.json + Array("\n".utf8)
                case .html: Array(HistoryPage.render(report).utf8)
                }
            if let file { try OutputFile(file).write(bytes) } else { Terminal.output(bytes) }
        }
    }

    /// It would be emptied; so would what SQLite keeps beside it.
    private static func refuse(_ file: String, ofHistory path: String) throws(UsageError) {
        guard let identity = FileIdentity(file) else { return }
        if [path, path + "-wal", path + "-shm"].contains(where: { FileIdentity($0) == identity }) {
            throw UsageError("\(file.shownInSentence) is the history itself: -o must name another file.")
        }
    }

    private static func query(_ parsed: FlagParser.Parsed) throws(UsageError) -> HistoryQuery {
        let now = SystemTime().wallTime
        func instant(_ flag: Flag, _ standard: String) throws(UsageError) -> WallTime {
            let text = parsed.last(flag.name) ?? standard
            guard let time = HistoryQuery.instant(text, before: now) else {
                throw UsageError(
                    "--\(flag.name) must be a time ago such as 12h, 7d or 4w, or a date such as 2026-01-31, "
                        + "not \(text.shownInSentence).")
            }
            return time
        }
        var query = HistoryQuery(since: try instant(since, "7d"), until: try instant(until, "0m"))
        guard query.since < query.until else { throw UsageError("--since must be before --until.") }
        func patterns(_ name: String) -> [String] { parsed.matches.filter { $0.flag == name }.map(\.value) }
        query.checks = patterns("check")
        query.tools = patterns("tool")
        query.targets = patterns("target")
        query.groups = patterns("group")
        return query
    }

    private static func format(_ parsed: FlagParser.Parsed) throws(UsageError) -> Format {
        guard let word = parsed.last(format.name) else {
            let ending = parsed.last(output.name)?.split(separator: ".").last.map(String.init)
            return ending.flatMap(Format.init) ?? .text
        }
        guard let format = Format(rawValue: word) else {
            throw UsageError("--format must be one of \(Format.names), not \(word.shownInSentence).")
        }
        return format
    }

    private static var helpText: String {
        """
        Reports from the history that a watch with the output sqlite keeps (docs/report.md): availability, outages, latency,
        loss, the worst hours. The watch may go on writing meanwhile.

        USAGE: probe-agent report FILE [options]

            probe-agent report history.db
            probe-agent report history.db --since 30d --tool ping -o report.html

        Exit codes: 0; 1 when the period has no results; 64 for wrong usage; 74 when -o cannot
        be written to; 78 for a file that is no history.

        OPTIONS:

        """ + FlagHelp.text(flags)
    }
}
