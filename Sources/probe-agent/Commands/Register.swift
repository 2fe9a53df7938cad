import ArgumentParser
import ProbeAgent
import ProbeNative

/// `probe-agent register`: trades a token for the node's identity, once.
struct Register: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register", abstract: "Register this node with a backend and keep its identity.",
        usage: "probe-agent register --backend URL --token-file FILE --state-dir DIR [--name NAME] [--region NAME]")

    @Argument(parsing: .captureForPassthrough) var words: [String] = []

    private static let force = Flag(
        name: "force", form: .toggle(isOn: false), help: "Replace the identity that is kept already.")
    private static let wait = Flag(
        name: "wait", form: .value(placeholder: "SECONDS"),
        help: "Go on trying for so long while the backend does not answer.", remarks: ["default: 0, one attempt"])
    private static let flags = Setting.registration.map(Flag.init) + [force, wait, .help]

    func run() throws {
        try reportingErrors {
            let parsed = try FlagParser(Self.flags).parse(words)
            if parsed.last(Flag.help.name) != nil { return Terminal.output(Self.helpText) }
            if let word = parsed.operands.first {
                throw UsageError("register takes flags only, not \(word.shownInSentence).")
            }
            let patience = Duration.seconds(
                try parsed.integer(Self.wait, in: 0...86_400, "a whole number of seconds") ?? 0)
            let environment = ProcessEnvironment.variables
            Startup.blankVariables(Setting.secretVariables)
            let loaded = try ConfigurationLoader(
                flags: parsed.values(of: Setting.registration), environment: environment
            ).loadRegistration()
            for warning in loaded.warnings { Terminal.complain(warning) }
            let configuration = loaded.configuration
            guard let path = configuration.stateDirectory else { return }
            let directory = try StateDirectory(path, for: configuration.user)
            if parsed.last(Self.force.name) != "true", let identity = try directory.identity() {
                throw ConfigurationError(
                    "This node is registered already, as \(identity.sentence): --force registers it anew.")
            }
            let identity = try Self.register(configuration, patience)
            do throws(ConfigurationError) { try identity.keep(in: directory) } catch {
                Terminal.complain(
                    "The backend has registered the node as \(identity.nodeUUID), but its identity is lost: \(error) "
                        + "Delete that node there, and register anew with another token.")
                ProcessEnd.now(Self.identityLost)
            }
            Terminal.output(
                "Registered as \(identity.sentence).\nIts identity is in \(path); start the node with:\n"
                    + "  probe-agent run --state-dir \(path)\n")
            ProcessEnd.now(0)
        }
    }

    /// EX_IOERR of sysexits.h.
    private static let identityLost: Int32 = 74

    /// Ends the process where nothing comes of it.
    private static func register(_ configuration: AgentConfiguration, _ patience: Duration) throws -> Identity {
        let registration: NodeRegistration
        do throws(InvalidInput) {
            registration = try NodeRegistration(configuration, tools: ToolRegistry.builtIn().tools.map(\.name))
        } catch { throw ConfigurationError(error.detail) }
        ProcessSignals.block()
        let outcome = MainThread.wait { () -> Result<Identity, RegistrationFailure> in
            do throws(RegistrationFailure) {
                return .success(
                    try await registration.attempts(for: patience) { failure, delay in
                        Terminal.complain("\(failure) Next attempt in \(Int(delay.inSeconds.rounded(.up))) s.")
                    })
            } catch { return .failure(error) }
        }
        switch outcome {
        case .done(.success(let identity)): return identity
        case .done(.failure(let failure)):
            Terminal.complain(failure.description)
            ProcessEnd.now(failure.exitCode)
        case .stopped(let signal):
            Terminal.complain("Interrupted: the token may be used up if the backend had it already.")
            ProcessEnd.now(128 + signal)
        }
    }

    private static var helpText: String {
        """
        Registers this node: trades a registration token (pnrt_...) for its identifier and key, and keeps both in the state
        directory, where "probe-agent run --state-dir DIR" finds them. The key is never shown.

        USAGE: probe-agent register --backend URL --token-file FILE --state-dir DIR [options]

        Make a token on the backend: probe-backend token create. Exit codes: 0 registered, 65 the backend refuses what the
        node says of itself, 69 nobody answers, 74 the identity could not be kept, 76 who answers is no backend or not to be
        trusted, 77 the token is refused, 78 wrong settings, or registered already.

        OPTIONS:

        """ + FlagHelp.text(flags)
    }
}
