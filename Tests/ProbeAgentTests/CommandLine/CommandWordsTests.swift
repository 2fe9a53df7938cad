import ProbeNative
import Testing

@testable import probe_agent

private struct Named: Tool {
    var name: String
    let summary = "does something"
    func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) {}
    func run(_ target: Host, _ parameters: Void, in context: ProbeContext) async -> ProbeOutcome { ProbeOutcome() }
}

struct CommandWordsTests {
    private let words = CommandWords(ToolRegistry([Named(name: "ping"), Named(name: "port_check")]))

    @Test(arguments: [
        ([], ["run"]), (["--backend", "x"], ["run", "--backend", "x"]), (["run", "--verbose"], ["run", "--verbose"]),
        (["ping", "host", "--json"], ["probe", "ping", "host", "--json"]),
        (["port_check", "h"], ["probe", "port_check", "h"]), (["--help"], ["--help"]), (["-h"], ["-h"]),
        (["--version"], ["--version"]), (["help"], ["--help"]), (["help", "ping"], ["probe", "ping", "--help"]),
        (["help", "run"], ["run", "--help"]),
    ])
    func findsTheCommand(typed: [String], resolved: [String]) throws {
        #expect(try words.resolved(typed) == resolved)
    }

    @Test(arguments: [
        (["pong"], "There is no command or tool pong; did you mean ping?"),
        (["rum"], "There is no command or tool rum; did you mean run?"),
        (["help", "xyzzy"], "There is no command or tool xyzzy."),
        (["probe"], "There is no command or tool probe."), (["\u{7}"], "There is no command or tool \\u{7}."),
    ])
    func refusesWithTheNearest(typed: [String], sentence: String) {
        #expect { try words.resolved(typed) } throws: { "\($0)" == sentence }
    }

    @Test func listsTheRegistry() {
        let list = ToolList.text(ToolRegistry([Named(name: "ping"), Named(name: "port_check")]))
        #expect(list.contains("\n  ping                    does something\n  port_check              does something"))
    }
}
