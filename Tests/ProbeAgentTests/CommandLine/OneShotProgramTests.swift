import Foundation
import ProbeTesting
import Testing

/// `probe-agent TOOL TARGET` of the built program against real servers.
struct OneShotProgramTests {
    @Test func successIs0AndJSONIsTheWiresResult() async throws {
        let nginx = try await NginxServer()
        let nsd = try await NSDServer()
        let runs = [
            ["http", nginx.url("/healthz")],
            ["dns", "www.probe.test", "AAAA", "@127.0.0.1:\(nsd.port)"],
            ["dns", "www.probe.test", "--resolver", "127.0.0.1", "-p", "\(nsd.port)", "--transport", "tcp"],
        ]
        for words in runs {
            let json = try await UsageProgramTests.run(words + ["--json"])
            #expect(json.isSuccess && json.errors.isEmpty, "\(words): \(json.output) \(json.errors)")
            #expect(json.lines.count == 1)
            let result = try JSONValue(parsing: json.output)
            #expect(result["success"]?.bool == true && result["error_code"] == .null)
            #expect(result["tool"]?.string == words[0] && result["target"]?.string == words[1])
            #expect(result["timing"]?["run_ms"]?.double ?? 0 > 0)
            let text = try await UsageProgramTests.run(words)
            #expect(text.isSuccess && text.output.contains(words[1]) && !text.output.contains("\u{1b}"))
        }
        await nginx.stop()
        await nsd.stop()
    }

    @Test(.enabled(if: geteuid() == 0, "ICMP needs root here")) func pings() async throws {
        for words in [
            ["127.0.0.1", "-c", "2"], ["::1", "-c2", "--interval-ms", "10"], ["127.0.0.1", "-4", "-c", "1"],
        ] {
            let result = try await UsageProgramTests.run(["ping"] + words + ["--json"])
            let json = try JSONValue(parsing: result.output)
            #expect(result.isSuccess && json["packet_loss"]?.double == 0, "\(json)")
        }
        let both = try await UsageProgramTests.run(["ping", "localhost", "-c", "1", "--ip-version", "both", "--json"])
        let json = try JSONValue(parsing: both.output)
        #expect(json["ipv4"]?["success"]?.bool == true && json["ipv6"]?["success"]?.bool == true, "\(json)")
    }

    @Test func aFailedDiagnosticIs1() async throws {
        let nsd = try await NSDServer()
        let runs = [
            (["http", "http://127.0.0.1:\(try FreePorts.closed())/"], "connection_refused"),
            (["dns", "nothing.probe.test", "@127.0.0.1:\(nsd.port)"], "resolve_nxdomain"),
            (["http", "http://127.0.0.1:1/", "-6"], "no_address"),
        ]
        for (words, code) in runs {
            let json = try await UsageProgramTests.run(words + ["--json"])
            #expect(json.status == .code(1))
            let result = try JSONValue(parsing: json.output)
            #expect(result["success"]?.bool == false && result["error_code"]?.string == code, "\(result)")
            let text = try await UsageProgramTests.run(words)
            #expect(text.status == .code(1) && !text.output.isEmpty)
        }
        await nsd.stop()
    }

    @Test func headersAndPresetsReachTheServer() async throws {
        let nginx = try await NginxServer()
        let seen = try await UsageProgramTests.run([
            "http", nginx.url("/seen"), "-H", "X-Test: from: here", "--include-body", "--json",
        ])
        #expect(try JSONValue(parsing: seen.output)["body"]?.string?.contains("from: here") == true, "\(seen.output)")
        let head = try await UsageProgramTests.run(["http", nginx.url("/method"), "-I", "--json"])
        #expect(try JSONValue(parsing: head.output)["method"]?.string == "HEAD")
        let hop = try await UsageProgramTests.run(["http", nginx.url("/redirect/1"), "--no-follow-redirects", "--json"])
        #expect(try JSONValue(parsing: hop.output)["status_code"]?.int == 302)
        await nginx.stop()
    }

    /// A parameter that the tool refuses is wrong usage, in the tool's own sentence.
    @Test(arguments: [
        (["ping", "127.0.0.1", "--count", "101"], "count must be a whole number from 1 to 100, not \"101\"."),
        (["dns", "example.com", "BOGUS"], "record_type"),
        (["http", "http://127.0.0.1/", "-X", "BREW"], "method must be"),
        (["http", "http://[::1"], "http://[::1"),
    ])
    func refusedParametersAre64(words: [String], part: String) async throws {
        let result = try await UsageProgramTests.run(words)
        #expect(result.status == .code(64) && result.output.isEmpty)
        #expect(result.errors.contains(part), "\(result.errors)")
    }

    @Test func interruptedItPrintsWhatThereIs() async throws {
        let peer = try await PythonPeer.http()
        let url = "http://127.0.0.1:\(peer.port("silent"))/"
        for (signal, code) in [(SIGINT, Int32(130)), (SIGTERM, 143)] {
            let process = try ChildProcess.start(Places.product("probe-agent"), ["http", url, "--json"])
            // It is connected and waits for an answer that never comes.
            _ = try await peer.events.next("connection") { ($0["open"]?.int ?? 0) > 0 }
            process.send(signal: signal)
            #expect(try await process.exit(within: .seconds(30)) == .code(code))
            try await process.output.finished()
            let result = try JSONValue(parsing: process.output.pending.joined())
            #expect(result["error_code"]?.string == "cancelled" && result["resolved_address"]?.string == "127.0.0.1")
        }
        await peer.stop()
    }

    @Test func timeoutEndsIt() async throws {
        let peer = try await PythonPeer.http()
        let url = "http://127.0.0.1:\(peer.port("silent"))/"
        let result = try await UsageProgramTests.run(["http", url, "--timeout", "0.2", "--json"])
        #expect(result.status == .code(1))
        #expect(try JSONValue(parsing: result.output)["error_code"]?.string == "deadline_exceeded")
        await peer.stop()
    }

    /// `script` gives the program a terminal.
    @Test func colorsOnlyATerminal() async throws {
        let url = "http://127.0.0.1:\(try FreePorts.closed())/"
        let command = Places.product("probe-agent") + " http " + url
        let terminal = ["PATH": "/usr/bin:/bin", "TERM": "xterm"]
        func output(_ more: [String: String]) async throws -> String {
            try await Oracle.run(
                "script", ["-qec", command, "/dev/null"], environment: terminal.merging(more) { $1 }
            ).output
        }
        #expect(try await output([:]).contains("\u{1b}["))
        #expect(try await !output(["NO_COLOR": "1"]).contains("\u{1b}["))
        #expect(try await !output(["TERM": "dumb"]).contains("\u{1b}["))
    }

    @Test(.enabled(if: OrdinaryUser.isAvailable, "\(OrdinaryUser.unavailableReason)"))
    func anOrdinaryUserCanUseIt() async throws {
        let nginx = try await NginxServer()
        let user = try await OrdinaryUser(
            program: Places.product("probe-agent"), rights: .init(hasFileCapability: false))
        func run(_ words: [String]) async throws -> Oracle.Result {
            let command = user.command(words)
            return try await Oracle.run(command[0], Array(command.dropFirst()))
        }
        #expect(try await run(["--help"]).isSuccess)
        #expect(try await run(["http", nginx.url("/healthz")]).isSuccess)
        await nginx.stop()
    }
}
