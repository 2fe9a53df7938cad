import ArgumentParser
import ProbeAgent
import ProbeNative

/// `probe-agent policy check TARGET`: what the node would say to a job, and by which rule.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Explain what the node's policy says about a target.",
        usage: "probe-agent policy check TARGET [--tool TOOL] [--port N] [--allow RULE] [--deny RULE] [--deny-private]")

    @Argument(parsing: .captureForPassthrough) var words: [String] = []

    private static let tool = Flag(
        name: "tool", form: .value(placeholder: "TOOL"), help: "The tool that would use it.", remarks: ["default: tcp"])
    private static let port = Flag(
        name: "port", form: .value(placeholder: "N"), help: "The port; without it as for ping.")

    func run() throws {
        try reportingErrors {
            let settings = [Setting.config] + Setting.policy
            let flags = settings.map(Flag.init) + [Self.tool, Self.port, .help]
            let parsed = try FlagParser(flags).parse(words)
            if parsed.last(Flag.help.name) != nil {
                return Terminal.output(
                    "USAGE: probe-agent policy check TARGET [options]\n\nOPTIONS:\n\n" + FlagHelp.text(flags))
            }
            guard parsed.operands.count == 2, parsed.operands[0] == "check" else {
                throw UsageError("Say what to check: probe-agent policy check TARGET.")
            }
            var policy = try ConfigurationLoader(
                flags: parsed.values(of: settings), environment: ProcessEnvironment.variables
            ).loadPolicy()
            policy.own = OwnAddresses()
            let verdict = try Self.verdict(policy, parsed.operands[1], parsed)
            Terminal.output("\(verdict.isAllowed ? "allowed" : "denied"): \(verdict.reason)\n")
            if !verdict.isAllowed { throw ExitCode(1) }
        }
    }

    private static func verdict(
        _ policy: TargetPolicy, _ target: String, _ parsed: FlagParser.Parsed
    ) throws(UsageError) -> (isAllowed: Bool, reason: String) {
        let tool = parsed.last(tool.name) ?? "tcp"
        guard ToolRegistry.builtIn()[tool] != nil else {
            throw UsageError("There is no tool \(tool.shownInSentence).")
        }
        let number = try parsed.integer(port, in: 1...65535, "a number").map(UInt16.init)
        let host: Host
        do throws(InvalidInput) { host = try Host(target) } catch { throw UsageError(error.detail) }
        switch host {
        case .address(let address):
            let verdict = policy.verdict(
                of: PolicyRequest(tool: tool, purpose: .target, address: address, port: number))
            return (verdict.isAllowed, verdict.reason)
        case .name(let name):
            if let denial = policy.denial(ofName: name, addresses: [], tool: tool) {
                return (false, denial)
            }
            let addresses = HostAddresses.of(name)
            guard !addresses.isEmpty else {
                throw UsageError("\(name) has no address here and now; no rule denies the name itself.")
            }
            if let denial = policy.denial(ofName: name, addresses: addresses, tool: tool) { return (false, denial) }
            let verdicts = addresses.map {
                policy.verdict(of: PolicyRequest(tool: tool, purpose: .target, address: $0, port: number))
            }
            return (verdicts.allSatisfy(\.isAllowed), (verdicts.first { !$0.isAllowed } ?? verdicts[0]).reason)
        }
    }
}
