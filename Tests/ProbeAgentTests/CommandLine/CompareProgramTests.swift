import Foundation
import ProbeTesting
import Testing

/// `probe-agent compare` of the built program against real servers.
struct CompareProgramTests {
    private let quick = ["--interval", "0", "--rounds", "4"]

    @Test func twoServersOfOneZoneAreTheSame() async throws {
        let (first, second) = (try await NSDServer(), try await NSDServer())
        let words = ["compare", "dns", "www.probe.test", "@127.0.0.1:\(first.port)", "@127.0.0.1:\(second.port)"]
        let text = try await UsageProgramTests.run(words + quick)
        #expect(text.isSuccess && text.errors.isEmpty, "\(text.output)\(text.errors)")
        #expect(text.lines[0] == "compare dns, two values of --resolver, 4 rounds")
        #expect(text.output.contains("\nverdicts  A: ok 4   B: ok 4\n"))
        #expect(text.output.contains("\nthe same: rcode, flags, answer, authority"), "\(text.output)")
        #expect(text.output.contains("Verdicts and answers are the same; too few rounds to tell times apart."))
        #expect(text.lines.allSatisfy { $0.count <= 80 || $0.hasPrefix("the same") } && !text.output.contains("\u{1b}"))
        let json = try JSONValue(parsing: try await UsageProgramTests.run(words + quick + ["--json"]).output)
        #expect(json["same"]?.bool == true && json["rounds"]?.int == 4 && json["option"]?.string == "resolver")
        #expect(json["a"]?.string == "127.0.0.1:\(first.port)" && json["b"]?.string == "127.0.0.1:\(second.port)")
        #expect(json["verdicts"]?["a"]?["ok"]?.int == 4 && json["differences"] == .array([]))
        let times = json["times"]?.array ?? []
        #expect(times.compactMap { $0["name"]?.string } == ["query", "whole run"], "\(times)")
        for time in times {
            #expect(time["pairs"]?.int == 4 && time["verdict"]?.string == "too_few_rounds" && time["low_ms"] == .null)
            let (median, tail) = (time["a"]?["p50_ms"]?.double ?? 0, time["a"]?["p90_ms"]?.double ?? 0)
            #expect(median > 0 && tail >= median)
        }
        await first.stop()
        await second.stop()
    }

    @Test func whatServersSayDifferently() async throws {
        let (nsd, peer) = (try await NSDServer(), try await PythonPeer.dns())
        let result = try await UsageProgramTests.run(
            [
                "compare", "dns", "nothing.probe.test", "@127.0.0.1:\(nsd.port)", "--resolver",
                "127.0.0.1:\(peer.port())",
            ]
                + quick + ["--json"])
        #expect(result.status == .code(1))
        let json = try JSONValue(parsing: result.output)
        #expect(json["same"]?.bool == false && json["verdicts"]?["a"]?["resolve_nxdomain"]?.int == 4, "\(json)")
        let rcode = json["differences"]?.array?.first { $0["name"]?.string == "rcode" }
        #expect(rcode?["only_a"]?[0]?.string == "NXDOMAIN" && rcode?["counts"]?.bool == true, "\(json)")
        await nsd.stop()
        await peer.stop()
    }

    @Test func twoTargetsAndTheirTimes() async throws {
        let nginx = try await NginxServer()
        let result = try await UsageProgramTests.run([
            "compare", "http", nginx.url("/healthz"), nginx.url("/status/404"), "--interval", "0", "--rounds", "12",
        ])
        #expect(result.status == .code(1))
        #expect(result.output.contains("verdicts  A: ok 12   B: expectation_failed 12"), "\(result.output)")
        #expect(result.output.contains("  status\n    A  200\n    B  404\n"), "\(result.output)")
        #expect(result.output.contains("the same: http version"), "\(result.output)")
        #expect(result.output.contains("They differ; "))
        await nginx.stop()
    }

    /// An answer that takes 60 ms against one that takes none.
    @Test func aTrueDifferenceOfTimesIsSeen() async throws {
        let peer = try await PythonPeer.dns()
        let result = try await UsageProgramTests.run([
            "compare", "dns", "late-60.test", "good.test", "@127.0.0.1:\(peer.port())", "--interval", "0", "--json",
        ])
        let json = try JSONValue(parsing: result.output)
        let query = try #require(json["times"]?.array?.first { $0["name"]?.string == "query" })
        #expect(query["verdict"]?.string == "b_faster", "\(json)")
        #expect(query["difference_ms"]?.double ?? 0 < -50 && query["high_ms"]?.double ?? 0 < -40, "\(json)")
        await peer.stop()
    }

    @Test func neitherCanBeMeasuredIs2() async throws {
        let result = try await UsageProgramTests.run(
            ["compare", "tcp", "127.0.0.1", "127.0.0.2", "9", "--deny", "127.0.0.0/8"] + quick)
        #expect(result.status == .code(2) && result.output.contains("Neither side could be measured here."))
    }

    @Test func interruptedItPrintsWhatThereIs() async throws {
        let peer = try await PythonPeer.dns()
        let process = try ChildProcess.start(
            Places.product("probe-agent"),
            [
                "compare", "dns", "good.test", "silent.test", "@127.0.0.1:\(peer.port())", "--interval", "0", "--json",
                "--retries", "0", "--timeout", "600",
            ])
        // The first side has been measured, the second waits for an answer that never comes.
        _ = try await peer.events.next("query") { $0["name"]?.string?.hasPrefix("silent") == true }
        process.send(signal: SIGINT)
        #expect(try await process.exit(within: .seconds(30)) == .code(130))
        try await process.output.finished()
        let json = try JSONValue(parsing: process.output.pending.joined())
        #expect(json["rounds_wanted"]?.int == 10 && json["rounds"]?.int == 0, "\(json)")
        // Half a round compares nothing.
        #expect(json["verdicts"]?["a"] == .object([:]) && json["verdicts"]?["b"] == .object([:]), "\(json)")
        #expect(json["times"] == .array([]) && json["differences"] == .array([]) && json["same"]?.bool == false)
        await peer.stop()
    }

    @Test(arguments: [
        ([], "Give a tool: probe-agent compare TOOL A B"), (["pong", "a", "b"], "did you mean ping?"),
        (["dns", "a.example"], "Give two targets, or one target and an option twice"),
        (["ping", "a.example", "a.example"], "a.example is compared with itself."),
        (["ping", "a.example", "b.example", "c.example"], "c.example is one word too many"),
        (
            ["dns", "a.example", "@192.0.2.1", "@192.0.2.2", "@192.0.2.3"],
            "--resolver has 3 values; two can be compared."
        ),
        (["dns", "a.example", "@192.0.2.1", "@192.0.2.2", "-t", "A", "-t", "MX"], "one option at a time"),
        (["ping", "a.example", "b.example", "--rounds", "0"], "--rounds must be a whole number from 1 to 200"),
        (["ping", "a.example", "b.example", "--interval", "soon"], "--interval must be a number of seconds"),
        (["tcp", "a.example", "b.example", "80", "--ip-version", "both"], "--ip-version both cannot be compared"),
    ])
    func wrongUsageIs64(words: [String], part: String) async throws {
        let result = try await UsageProgramTests.run(["compare"] + words)
        #expect(result.status == .code(64) && result.output.isEmpty)
        #expect(result.errors.hasPrefix("probe-agent: ") && result.errors.contains(part), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1)
    }

    @Test func helpTeaches() async throws {
        for words in [["compare", "--help"], ["help", "compare"], ["compare", "tls", "--help"]] {
            let result = try await UsageProgramTests.run(words)
            #expect(result.isSuccess && result.output.contains("USAGE: probe-agent compare TOOL A B"))
            #expect(result.output.contains("--rounds N") && result.output.contains("@192.0.2.1 @198.51.100.1"))
            #expect(result.output.contains("--starttls") == (words.count == 3))
        }
    }

    /// On a terminal the table is drawn while it runs, on the other screen; what stays is the whole of it, once.
    @Test func itIsLiveOnATerminal() async throws {
        let nsd = try await NSDServer()
        let words = [
            Places.product("probe-agent"), "compare", "dns", "www.probe.test", "v4.probe.test",
            "@127.0.0.1:\(nsd.port)",
            "--interval", "0", "--rounds", "3",
        ]
        let live = try await Oracle.run(
            "script", ["-qec", words.joined(separator: " "), "/dev/null"],
            environment: ["PATH": "/usr/bin:/bin", "TERM": "xterm", "NO_COLOR": "1"])
        #expect(live.output.contains("\u{1b}[?1049h") && live.output.contains(", 1 of 3 rounds"), "\(live.output)")
        let end = try #require(live.output.components(separatedBy: "\u{1b}[?1049l").last)
        #expect(end.contains(", 3 rounds") && !end.contains("\u{1b}"))
        await nsd.stop()
    }
}
