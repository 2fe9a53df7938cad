import ProbeAgent
import ProbeNative

/// What somebody typed behind a tool's name, for each command that runs a tool here and now. Its flags come from the
/// tool's declarations, so a new tool changes nothing here.
struct ToolWords {
    let tool: any Tool
    let parsed: FlagParser.Parsed
    let toolFlags: ToolFlags

    /// - Parameters:
    ///   - words: the tool's name and what follows it.
    ///   - own: the command's own flags.
    ///   - usage: what should have been typed.
    init(_ words: [String], own: [Flag], usage: String) throws(UsageError) {
        let registry = ToolRegistry.builtIn()
        guard let name = words.first, let tool = registry[name] else {
            guard let word = words.first, !word.hasPrefix("-") else { throw UsageError("Give a tool: \(usage).") }
            throw UsageError(
                "There is no tool \(word.shownInSentence)\(Nearest.hint(word, among: registry.tools.map(\.name)))")
        }
        self.tool = tool
        toolFlags = ToolFlags(tool)
        parsed = try FlagParser(toolFlags.flags + own + [Flag(.deny), .help], presets: toolFlags.presets).parse(
            Array(words.dropFirst()))
    }

    var wantsHelp: Bool { parsed.last(Flag.help.name) != nil }

    /// The operator's own wish: only what the operator has denied counts.
    func policy() throws(ConfigurationError) -> TargetPolicy {
        let denials = ProcessEnvironment.variables.filter { $0.key == Setting.deny.variable }
        var policy = try ConfigurationLoader(flags: parsed.values(of: [.deny]), environment: denials).loadPolicy()
        policy.hasDefaults = false
        return policy
    }

    /// What the process needs, before its first thread. One ping a family at once is all that one diagnostic needs.
    static func start() throws(ConfigurationError) -> Startup.Prepared {
        try Startup.prepare(
            pingWorkers: 2, reactors: 1,
            hardening: Hardening.isWanted(in: ProcessEnvironment.variables) ? HardeningPaths() : nil)
    }

    /// - Parameter registry: of the prepared process: only after start-up a tool can run.
    func probe(_ job: ToolFlags.Job, in registry: ToolRegistry) throws(UsageError) -> PreparedProbe {
        do throws(InvalidInput) {
            return try (registry[tool.name] ?? tool).prepare(target: job.target, parameters: job.parameters)
        } catch {
            throw UsageError(error.detail)
        }
    }
}
