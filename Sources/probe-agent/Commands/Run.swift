import ArgumentParser
import Logging
import ProbeAgent
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// The node.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the node; also what happens without a command.")

    @Argument(parsing: .captureForPassthrough) var words: [String] = []

    func run() throws {
        try reportingErrors {
            let parsed = try FlagParser(Setting.all.map(Flag.init) + [.help]).parse(words)
            if parsed.last(Flag.help.name) != nil { return Terminal.output(Self.helpText) }
            if let word = parsed.operands.first {
                throw UsageError("run takes flags only, not \(word.shownInSentence).")
            }
            let environment = ProcessEnvironment.variables
            Startup.blankVariables(Setting.secretVariables)
            let loader = ConfigurationLoader(flags: parsed.values(of: Setting.all), environment: environment)
            ProcessEnd.now(try NodeProcess.run(try loader.load(), environment: environment, reload: loader.load))
        }
    }

    private static var helpText: String {
        """
        Runs the node: connects to the backend, takes its jobs and answers each.

        USAGE: probe-agent [run] --backend URL --uuid ID --key-file FILE [options]

        A flag beats its environment variable, which beats the config file.

        OPTIONS:

        """ + FlagHelp.text(Setting.all.map(Flag.init) + [.help])
    }
}
