import ArgumentParser
import ProbeAgent
import ProbeNative

@main
struct ProbeAgentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe-agent",
        abstract: "Network diagnostics inside one process: as a node of a backend, or right here.",
        usage: """
            probe-agent register --backend URL --token-file FILE --state-dir DIR
            probe-agent [run] --state-dir DIR
            probe-agent [run] --backend URL --uuid ID --key-file FILE
            probe-agent doctor
            probe-agent TOOL TARGET [options] [--json]
            probe-agent explain TOOL TARGET [options]
            probe-agent compare TOOL A B [options]
            probe-agent watch -c FILE
            probe-agent report FILE
            """,
        discussion: ToolList.text(ToolRegistry.builtIn()),
        version: Version.current,
        subcommands: [
            Run.self, StatusCommand.self, DrainCommand.self, Register.self, DoctorCommand.self, PolicyCommand.self,
            WatchCommand.self, ReportCommand.self, Explain.self, Compare.self, Probe.self,
        ])

    /// Synchronous, so that no thread exists before a command has prepared the process (`Startup`).
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        Startup.blankArguments(of: Setting.secretFlags)
        do {
            main(try CommandWords(ToolRegistry.builtIn()).resolved(words))
        } catch {
            Terminal.complain("\(error)")
            exit(withError: ExitCode(UsageError.exitCode))
        }
    }
}

/// Runs a command's body; its errors become one sentence on standard error and an exit code of sysexits.h.
func reportingErrors(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let error as UsageError {
        Terminal.complain(error.description)
        throw ExitCode(UsageError.exitCode)
    } catch let error as OutputError {
        Terminal.complain(error.description)
        throw ExitCode(OutputError.exitCode)
    } catch let error as ConfigurationError {
        Terminal.complain(error.description)
        throw ExitCode(ConfigurationError.exitCode)
    } catch let code as ExitCode {
        throw code
    } catch {
        Terminal.complain("\(error)")
        throw ExitCode.failure
    }
}
