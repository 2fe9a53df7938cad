import Foundation
import ProbeTesting
import Testing

@testable import ProbeAgent

/// `probe-agent watch` with the output sqlite, and `probe-agent report`, of the built program.
struct HistoryProgramTests {
    private static let limit = Duration.seconds(90)

    private func watch(_ folder: TemporaryFolder, _ text: String, _ words: [String] = []) throws -> ChildProcess {
        let path = try folder.write(text + "\noutputs: [{sqlite: {file: history.db}}]\n", to: "w.yaml")
        return try ChildProcess.start(Places.product("probe-agent"), ["watch", "-c", path, "-o", "json"] + words)
    }

    private func rows(_ folder: TemporaryFolder) async throws -> Int {
        let read = try await Oracle.run(
            "sqlite3", ["-readonly", folder.file("history.db"), "SELECT count(*) FROM results"])
        return read.isSuccess ? Int(read.lines.first ?? "") ?? 0 : 0
    }

    private func rows(_ folder: TemporaryFolder, atLeast count: Int) async throws {
        let end = ContinuousClock.now + Self.limit
        while try await rows(folder) < count {
            try #require(ContinuousClock.now < end, "no \(count) rows")
        }
    }

    /// Hardened, as in the field: SQLite makes, maps and removes files beside its own. A report reads meanwhile.
    @Test func aHardenedWatchWritesWhileAReportReads() async throws {
        let nginx = try await NginxServer()
        let folder = try TemporaryFolder()
        let process = try watch(
            folder,
            """
            checks:
              - {tool: http, target: "\(nginx.url("/healthz"))", every: 1s, name: "page \\"one\\""}
              - {tool: tcp, target: 127.0.0.1, every: 1s, parameters: {port: \(try FreePorts.closed())}}
            """)
        try await rows(folder, atLeast: 6)
        let file = folder.file("history.db")
        let json = try await UsageProgramTests.run(["report", file, "--format", "json", "--since", "1h"])
        #expect(json.isSuccess, "\(json.errors)")
        let report = try await Oracle.run(
            "jq", ["-c", "[.checks[] | [.check, .availability_percent, .codes[0].code]], .exact"],
            input: json.output.trimmingCharacters(in: .newlines))
        #expect(
            report.lines == [#"[["tcp 127.0.0.1",0,"connection_refused"],["page \"one\"",100,null]]"#, "true"],
            "\(report)")
        let text = try await UsageProgramTests.run(["report", file])
        #expect(text.isSuccess && text.output.contains(#"page "one""#) && text.output.contains("Longest outage"))
        let page = try await UsageProgramTests.run(["report", file, "-o", folder.file("r.html"), "--check", "page*"])
        let html = try String(contentsOfFile: folder.file("r.html"), encoding: .utf8)
        #expect(
            page.isSuccess && page.output.isEmpty && html.contains("page &quot;one&quot;") && !html.contains("tcp 127"))
        process.send(signal: SIGTERM)
        #expect(try await process.exit(within: Self.limit) == .code(0))
        // All that was shown is kept.
        let shown = process.output.pending.count { $0.contains("\"type\":\"result\"") }
        #expect(try await rows(folder) == shown)
        #expect(!process.errors.pending.contains { $0.contains("history_failed") || $0.contains("watch.dropped") })
        await nginx.stop()
    }

    /// kill -9 loses what the last second brought, and no more; what is left is whole and goes on.
    @Test func killedInMidWriteItLosesTheLastBatch() async throws {
        let folder = try TemporaryFolder()
        let checks =
            "checks: [{tool: tcp, targets: [127.0.0.1, 127.0.0.2], every: 1s, parameters: [\((1...100).map { "{port: \($0)}" }.joined(separator: ", "))]}]"
        var kept = 0
        for round in 1...3 {
            let process = try watch(folder, checks)
            try await rows(folder, atLeast: kept + 300 * round / 2)
            let seen = try await rows(folder)
            process.send(signal: SIGKILL)
            _ = try await process.exit(within: Self.limit)
            let check = try await Oracle.run("sqlite3", [folder.file("history.db"), "PRAGMA integrity_check"])
            #expect(check.lines == ["ok"])
            let after = try await rows(folder)
            #expect(after >= seen)
            let report = try await UsageProgramTests.run(["report", folder.file("history.db"), "--format", "json"])
            let json = try JSONValue(parsing: report.output)
            #expect((json["overall"]?["ok"]?.int ?? 0) + (json["overall"]?["failed"]?.int ?? 0) == after)
            kept = after
        }
    }

    @Test(.enabled(if: getuid() == 0, "becoming another user needs root"))
    func whomItBecomesOwnsAllOfIt() async throws {
        let folder = try TemporaryFolder(mode: 0o755)
        #expect(chown(folder.path, 65534, 65534) == 0)
        let process = try watch(
            folder, "checks: [{tool: ping, target: 127.0.0.1, every: 1s, parameters: {count: 1}}]", ["--user", "65534"])
        try await rows(folder, atLeast: 1)
        process.send(signal: SIGTERM)
        #expect(try await process.exit(within: Self.limit) == .code(0))
        let owner = try FileManager.default.attributesOfItem(atPath: folder.file("history.db"))[.ownerAccountID] as? Int
        #expect(owner == 65534)
        // A report of root's leaves nothing behind that its owner could not write.
        #expect(try await UsageProgramTests.run(["report", folder.file("history.db")]).isSuccess)
        let again = try watch(
            folder, "checks: [{tool: ping, target: 127.0.0.1, every: 1s, parameters: {count: 1}}]", ["--user", "65534"])
        try await rows(folder, atLeast: 3)
        #expect(await again.stop() == .code(0))
    }

    /// What a report of root's makes beside the file is root's for a moment.
    @Test(.enabled(if: getuid() == 0, "becoming another user needs root"))
    func waitsForAReaderThatIsInTheWay() async throws {
        let folder = try TemporaryFolder(mode: 0o755)
        try HistoryStore(folder.file("history.db")).close()
        for path in [folder.path, folder.file("history.db")] { #expect(chown(path, 65534, 65534) == 0) }
        let beside = try folder.write("", to: "history.db-shm")
        #expect(chmod(beside, 0o600) == 0)
        let process = try watch(
            folder, "checks: [{tool: ping, target: 127.0.0.1, every: 1s, parameters: {count: 1}}]", ["--user", "65534"])
        let said = try await process.errors.next("notice") { $0.contains("watch.history_waits") }
        #expect(said.contains("unable to open database file"))
        #expect(chown(beside, 65534, 65534) == 0)
        try await rows(folder, atLeast: 1)
        #expect(await process.stop() == .code(0))
    }

    @Test func whatIsWrongIsOneSentence() async throws {
        let folder = try TemporaryFolder()
        let text = try folder.write("no database at all", to: "text")
        let runs: [([String], Int32, String)] = [
            ([], 64, "Say which history: probe-agent report FILE."),
            (
                [text, "--since", "soon"], 64,
                "--since must be a time ago such as 12h, 7d or 4w, or a date such as 2026-01-31, not soon."
            ),
            ([text, "--since", "1h", "--until", "2h"], 64, "--since must be before --until."),
            ([text, "--format", "pdf"], 64, "--format must be one of text, json, html, not pdf."),
            ([text, "--most", "many"], 64, "--most must be a whole number from 0 to 200, not many."),
            ([text, "--chekc", "x"], 64, "did you mean --check?"),
            ([text], 78, "\(text) is no history of probe-agent watch."),
            ([folder.file("none")], 78, "is not there, or empty"),
        ]
        for (words, code, sentence) in runs {
            let result = try await UsageProgramTests.run(["report"] + words)
            #expect(result.status == .code(code) && result.output.isEmpty, "\(words): \(result)")
            #expect(result.errors.hasPrefix("probe-agent: ") && result.errors.contains(sentence), "\(result.errors)")
            #expect(result.errors.split(separator: "\n").count == 1)
        }
        let help = try await UsageProgramTests.run(["report", "--help"])
        #expect(
            help.isSuccess && help.output.contains("--since WHEN")
                && help.output.contains("probe-agent report history.db"))
    }

    /// It would be emptied before it is read again.
    @Test func aReportDoesNotOverwriteItsHistory() async throws {
        let folder = try TemporaryFolder()
        let file = folder.file("h.db")
        let store = try HistoryStore(file)
        try store.write([HistoryBench.row("a", at: 1)])
        store.close()
        #expect(symlink(file, folder.file("other")) == 0 && link(file, folder.file("hard.json")) == 0)
        let before = try Data(contentsOf: URL(fileURLWithPath: file))
        for output in [file, folder.file("./h.db"), folder.file("other"), folder.file("hard.json")] {
            let result = try await UsageProgramTests.run(["report", file, "--since", "2026-01-01", "-o", output])
            #expect(result.status == .code(64) && result.errors.contains("is the history itself"), "\(result)")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
    }

    @Test func whatCannotBeWrittenIs74() async throws {
        let folder = try TemporaryFolder()
        let file = folder.file("h.db")
        let store = try HistoryStore(file)
        try store.write([HistoryBench.row("a", at: 1)])
        store.close()
        let words = ["report", file, "--since", "2025-12-31T00:00Z", "--format", "json"]
        for output in ["/nowhere/at/all", "/dev/full"] {
            let result = try await UsageProgramTests.run(words + ["-o", output])
            #expect(result.status == .code(74) && result.errors.contains("\(output) cannot be written: "), "\(result)")
        }
        let line = ([Places.product("probe-agent")] + words).joined(separator: " ")
        let full = try await Oracle.run("sh", ["-c", line + " > /dev/full"])
        #expect(full.status == .code(74), "\(full)")
        #expect(full.errors == "probe-agent: standard output cannot be written: No space left on device.\n")
        // A reader that has enough is no error.
        let cut = try await Oracle.run("bash", ["-c", "set -o pipefail; (sleep 1; \(line)) | true"])
        #expect(cut.errors.isEmpty && cut.status != .code(74), "\(cut)")
    }

    /// A file that somebody else left in a folder of theirs.
    @Test(.enabled(if: OrdinaryUser.isAvailable, "\(OrdinaryUser.unavailableReason)"))
    func aFolderThatCannotBeWrittenIsEnoughToRead() async throws {
        let user = try await OrdinaryUser(program: Places.product("probe-agent"))
        let folder = try TemporaryFolder(mode: 0o755)
        let file = folder.file("h.db")
        let store = try HistoryStore(file)
        try store.write([HistoryBench.row("a", at: 1)])
        store.close()
        for mode in [0o644, 0o666] as [mode_t] {
            #expect(chmod(file, mode) == 0)
            let process = try user.start(["report", file, "--since", "2026-01-01T00:00Z", "--format", "json"])
            #expect(try await process.exit(within: Self.limit) == .code(0), "\(process.errors.pending)")
        }
        // A copy with its log: the file alone would be a part of it.
        let open = try HistoryStore(file)
        try open.write([HistoryBench.row("a", at: 2)])
        let copy = try TemporaryFolder(mode: 0o755)
        for name in ["h.db", "h.db-wal"] {
            try FileManager.default.copyItem(atPath: folder.file(name), toPath: copy.file(name))
            #expect(chmod(copy.file(name), 0o644) == 0)
        }
        open.close()
        let process = try user.start(["report", copy.file("h.db"), "--since", "2026-01-01"])
        #expect(try await process.exit(within: Self.limit) == .code(78))
        _ = try await process.errors.next("reason") { $0.contains("its last changes are in \(copy.file("h.db"))-wal") }
    }
}
