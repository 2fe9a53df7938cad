import ArgumentParser
import ProbeAgent
import ProbeNative
import ProbeProtocol

/// `probe-agent doctor`: what works here and what does not, on one page.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look at all that a node needs, and say what to do about what is missing.",
        usage: "probe-agent doctor [--json] [the node's options]")

    @Argument(parsing: .captureForPassthrough) var words: [String] = []

    private static let json = Flag(
        name: "json", form: .toggle(isOn: false), help: "Print what was found as one JSON object.")
    private static let flags = [json] + Setting.all.map(Flag.init) + [.help]

    func run() throws {
        try reportingErrors {
            let parsed = try FlagParser(Self.flags).parse(words)
            if parsed.last(Flag.help.name) != nil { return Terminal.output(Self.helpText) }
            if let word = parsed.operands.first {
                throw UsageError("doctor takes flags only, not \(word.shownInSentence).")
            }
            let environment = ProcessEnvironment.variables
            Startup.blankVariables(Setting.secretVariables)
            let loader = ConfigurationLoader(flags: parsed.values(of: Setting.all), environment: environment)
            let loaded: Result<LoadedConfiguration, ConfigurationError>
            do throws(ConfigurationError) { loaded = .success(try loader.loadIncomplete()) } catch {
                loaded = .failure(error)
            }
            let prepared = try Startup.prepare(pingWorkers: 2, reactors: 1)
            var configuration = EngineConfiguration()
            configuration.rawSockets = prepared.rawSockets
            let engine = try Engine(configuration, registry: prepared.registry)
            let doctor = Doctor(
                loaded, prepared: prepared, engine: engine, controlPath: (try? loader.loadControlPath()) ?? nil)
            let isJSON = parsed.last(Self.json.name) == "true"
            let page = DoctorPage(color: Terminal.usesColor, isInteractive: Terminal.isInteractive)
            let outcome = MainThread.wait {
                await doctor.examine { if !isJSON { page.show($0) } }
            }
            switch outcome {
            case .stopped(let signal): ProcessEnd.now(128 + signal)
            case .done(let report):
                if isJSON {
                    Terminal.output(JSONWriter.object(report) + [UInt8(ascii: "\n")])
                } else {
                    page.end(report)
                }
                ProcessEnd.now(report.isGood ? 0 : 1)
            }
        }
    }

    private static var helpText: String {
        """
        Looks at everything that a node needs, one thing after another: this process and its capabilities, this machine, its
        name servers, the settings, the way to the backend (each step timed), and each tool once. What does not work is
        crossed, with what to do about it.

        USAGE: probe-agent doctor [--json] [options]

        It takes the node's own options, variables and file, and works without a backend too. While a node runs with the
        same settings, its backend is not asked to authenticate a second one. Exit code: 0 when nothing is crossed.

        OPTIONS:

        """ + FlagHelp.text(flags)
    }
}
