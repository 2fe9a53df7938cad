import Foundation
import ProbeAgent
import ProbeTesting
import Testing

/// `probe-agent watch` of the built program.
struct WatchProgramTests {
    private static let limit = Duration.seconds(90)

    private func watch(_ words: [String]) async throws -> Oracle.Result {
        try await UsageProgramTests.run(["watch"] + words)
    }

    @Test func whatIsWrongIsOneSentence() async throws {
        let folder = try TemporaryFolder()
        let bad = try folder.write("checks:\n  - {tool: pnig, target: a.example}\n", to: "bad.yaml")
        let runs: [([String], Int32, String)] = [
            ([], 64, "Say what to watch: probe-agent watch -c FILE."),
            (["targets.yaml"], 64, "watch takes flags only"),
            (["-c", bad, "-o", "xml"], 64, "--output must be table, lines, json, none, not xml."),
            (["-c", bad], 78, "\(bad):2: there is no tool \"pnig\"; did you mean ping?"),
            (["-c", folder.file("none"), "--check"], 78, "cannot be read: No such file or directory."),
        ]
        for (words, code, sentence) in runs {
            let result = try await watch(words)
            #expect(result.status == .code(code) && result.output.isEmpty, "\(words): \(result)")
            #expect(result.errors.hasPrefix("probe-agent: ") && result.errors.contains(sentence), "\(result.errors)")
            #expect(result.errors.split(separator: "\n").count == 1)
        }
    }

    @Test func checkTellsWhatAFileAmountsTo() async throws {
        let path = Places.testFile("testdata/watch/valid-include.yaml")
        let result = try await watch(["-c", path, "--check"])
        #expect(result.isSuccess)
        #expect(
            result.output.contains("3 checks: 3 ping") && result.output.contains("0.20 starts a second"),
            "\(result.output)")
        #expect(result.output.contains("outputs: ndjson, webhook"))
    }

    @Test func onceIsForCron() async throws {
        let nginx = try await NginxServer()
        let folder = try TemporaryFolder()
        let good = try folder.write(
            "checks: [{tool: http, targets: [\"\(nginx.url("/healthz"))\", \"\(nginx.url("/"))\"]}]", to: "good.yaml")
        let bad = try folder.write(
            "checks: [{tool: tcp, target: 127.0.0.1, parameters: [{port: \(nginx.httpPort)}, {port: \(try FreePorts.closed())}]}]",
            to: "bad.yaml")
        let fine = try await watch(["-c", good, "--once"])
        #expect(fine.isSuccess && fine.lines.count == 2 && fine.lines.allSatisfy { $0.contains(" ok ") }, "\(fine)")
        let failed = try await watch(["-c", bad, "--once", "-o", "json"])
        #expect(failed.status == .code(1))
        let lines = try failed.lines.map { try JSONValue(parsing: $0) }
        #expect(lines.compactMap { $0["verdict"]?.string }.sorted() == ["failed", "ok"], "\(failed.output)")
        #expect(lines.contains { $0["type"]?.string == "change" && $0["code"]?.string == "connection_refused" })
        await nginx.stop()
    }

    /// As a service: hardened, with a file that is rotated and a reload.
    @Test func watchesReloadsAndEndsInOrder() async throws {
        let nginx = try await NginxServer()
        let folder = try TemporaryFolder()
        func write(_ target: String) throws {
            try folder.write(
                """
                checks: [{tool: http, target: "\(nginx.url(target))", every: 1s}]
                outputs: [{ndjson: {file: out.ndjson, rotate: 4KiB, keep: 200}}]
                """, to: "w.yaml")
        }
        try write("/healthz")
        let process = try ChildProcess.start(
            Places.product("probe-agent"), ["watch", "-c", folder.file("w.yaml"), "-o", "json"])
        func next(_ part: String) async throws -> JSONValue {
            try JSONValue(parsing: try await process.output.next(part, within: Self.limit) { $0.contains(part) })
        }
        for _ in 0..<2 { #expect(try await next("/healthz")["verdict"]?.string == "ok") }
        try folder.write("checks: [{tool: htpt}]", to: "w.yaml")
        process.send(signal: SIGHUP)
        _ = try await process.errors.next("reload_failed", within: Self.limit) {
            $0.contains("watch.reload_failed") && $0.contains("w.yaml:1: ")
        }
        _ = try await next("/healthz")
        try write("/")
        process.send(signal: SIGHUP)
        _ = try await process.errors.next("reloaded", within: Self.limit) { $0.contains("watch.reloaded") }
        for _ in 0..<2 { #expect(try await next("GET")["check"]?.string == "http \(nginx.url("/"))") }
        process.send(signal: SIGTERM)
        #expect(try await process.exit(within: Self.limit) == .code(0))
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
            $0.hasPrefix("out.ndjson")
        }
        #expect(files.count > 1)
        let read = try await Oracle.run("jq", ["-r", "select(.type == \"result\") | .check"] + files.map(folder.file))
        #expect(read.isSuccess && read.lines.count >= 5, "\(read)")
        #expect(Set(read.lines) == ["http \(nginx.url("/"))", "http \(nginx.url("/healthz"))"])
        await nginx.stop()
    }

    /// What was known when a signal came is where it should be.
    @Test func onceThatIsStoppedKeepsWhatIsDone() async throws {
        let nginx = try await NginxServer()
        let folder = try TemporaryFolder()
        let path = try folder.write(
            """
            checks:
              - {tool: http, target: "\(nginx.url("/healthz"))"}
              - {tool: tcp, target: 127.0.0.1, timeout: 50s,
                 parameters: {port: \(nginx.httpPort), steps: ["expect:never"], timeout_ms: 50000}}
            outputs: [{ndjson: {file: out.ndjson}}, {sqlite: {file: history.db}}]
            """, to: "w.yaml")
        let process = try ChildProcess.start(
            Places.product("probe-agent"), ["watch", "-c", path, "--once", "-o", "json"])
        _ = try await process.output.next("result", within: Self.limit) { $0.contains("/healthz") }
        process.send(signal: SIGTERM)
        #expect(try await process.exit(within: .seconds(30)) == .code(128 + SIGTERM))
        let lines = try String(contentsOfFile: folder.file("out.ndjson"), encoding: .utf8)
        #expect(lines.contains("/healthz") && lines.hasSuffix("\n"))
        let rows = try await Oracle.run("sqlite3", [folder.file("history.db"), "SELECT count(*) FROM results"])
        #expect(rows.lines == ["1"], "\(rows)")
        await nginx.stop()
    }

    @Test func anOutputThatCannotBeOpenedIs78() async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.file("h.db"), withIntermediateDirectories: false)
        let checks = "checks: [{tool: tcp, target: 127.0.0.1, parameters: {port: 9}}]\n"
        for (name, file) in [("folder", "h.db"), ("nowhere", "none/h.db"), ("device", "/dev/full")] {
            let path = try folder.write(checks + "outputs: [{sqlite: {file: \(file)}}]\n", to: "\(name).yaml")
            for more in [["--once"], []] {
                let result = try await watch(["-c", path, "--no-hardening"] + more)
                #expect(result.status == .code(78), "\(name): \(result)")
            }
        }
        let path = try folder.write(checks, to: "good.yaml")
        #expect(try await watch(["-c", path, "--max-concurrent", "0"]).status == .code(78))
    }
}
