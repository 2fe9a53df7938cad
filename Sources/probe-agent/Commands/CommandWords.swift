import ProbeAgent
import ProbeNative

/// Turns what was typed into what swift-argument-parser dispatches on: its commands are types, while tools are known only
/// at run time and "no command" means the node.
struct CommandWords {
    private let tools: [String]
    private let commands: [String]

    init(_ registry: ToolRegistry) {
        tools = registry.tools.map(\.name)
        commands = ProbeAgentCommand.configuration.subcommands.filter { $0 != Probe.self }.map {
            $0.configuration.commandName ?? ""
        }
    }

    func resolved(_ words: [String]) throws(UsageError) -> [String] {
        guard let first = words.first else { return ["run"] }
        switch first {
        case "-h", "--help", "--version": return words
        case "help":
            guard words.count > 1 else { return ["--help"] }
            return try resolved([words[1], "--help"])
        case let tool where tools.contains(tool): return [Probe.name] + words
        case let flag where flag.hasPrefix("-"): return ["run"] + words
        case let command where commands.contains(command): return words
        default:
            throw UsageError(
                "There is no command or tool \(first.shownInSentence)"
                    + Nearest.hint(first, among: commands + tools))
        }
    }
}

/// The registry's tools, for the root's help.
enum ToolList {
    static func text(_ registry: ToolRegistry) -> String {
        let lines = registry.tools.map { "  \($0.name.padded(to: 24))\($0.summary)" }
        return (["TOOLS (probe-agent TOOL --help for its options):"] + lines).joined(separator: "\n")
    }
}
