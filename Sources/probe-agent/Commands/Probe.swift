import ArgumentParser
import ProbeAgent
import ProbeNative
import ProbeProtocol

/// One diagnostic of any tool of the registry, here and now, without a backend. Its flags come from the tool's
/// declarations, so a new tool changes nothing here.
struct Probe: ParsableCommand {
    static let name = "probe"
    static let configuration = CommandConfiguration(commandName: name, shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough) var words: [String] = []

    private static let json = Flag(
        name: "json", form: .toggle(isOn: false), help: "Print the result as the backend would get it, in one line.")

    func run() throws {
        try reportingErrors {
            let tool = try tool(in: .builtIn())
            let flags = ToolFlags(tool)
            let own = [Self.json, Flag(.deny), Flag.help]
            let parsed = try FlagParser(flags.flags + own, presets: flags.presets).parse(Array(words.dropFirst()))
            if parsed.last(Flag.help.name) != nil { return Terminal.output(Self.help(tool, flags.flags + own)) }
            let job = try flags.job(parsed)
            let policy = try Self.policy(parsed)
            // One ping a family at once is all that one diagnostic needs.
            let prepared = try Startup.prepare(
                pingWorkers: 2, reactors: 1,
                hardening: Hardening.isWanted(in: ProcessEnvironment.variables) ? HardeningPaths() : nil)
            let probe: PreparedProbe
            let ready = try self.tool(in: prepared.registry)
            do throws(InvalidInput) {
                probe = try ready.prepare(target: job.target, parameters: job.parameters)
            } catch {
                throw UsageError(error.detail)
            }
            let isJSON = parsed.last(Self.json.name) == "true"
            let screen =
                Terminal.isInteractive && !isJSON ? LiveScreen(target: job.target, color: Terminal.usesColor) : nil
            let (result, signal) = try OneShot.run(probe, prepared, policy, screen: screen)
            if isJSON {
                Terminal.output(JSONWriter.object(result) + [UInt8(ascii: "\n")])
            } else {
                Terminal.output(ResultText.render(result, color: Terminal.usesColor))
            }
            ProcessEnd.now(signal.map { 128 + $0 } ?? (result.outcome.failure == nil ? 0 : 1))
        }
    }

    /// The operator's own wish: only what the operator has denied counts.
    private static func policy(_ parsed: FlagParser.Parsed) throws(ConfigurationError) -> TargetPolicy {
        let denials = ProcessEnvironment.variables.filter { $0.key == Setting.deny.variable }
        var policy = try ConfigurationLoader(flags: parsed.values(of: [.deny]), environment: denials).loadPolicy()
        policy.hasDefaults = false
        return policy
    }

    /// The same declarations before and after start-up; only after it a tool can run.
    private func tool(in registry: ToolRegistry) throws(UsageError) -> any Tool {
        guard let name = words.first, let tool = registry[name] else {
            throw UsageError("Give a tool and a target: probe-agent TOOL TARGET [options].")
        }
        return tool
    }

    private static func help(_ tool: any Tool, _ flags: [Flag]) -> String {
        """
        \(tool.summary)

        USAGE: probe-agent \(tool.name) TARGET [options]

        TARGET: \(tool.targetHelp)

        OPTIONS:

        """ + FlagHelp.text(flags)
    }
}
