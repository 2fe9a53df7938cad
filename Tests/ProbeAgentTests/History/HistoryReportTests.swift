import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent
@testable import probe_agent

struct HistoryReportTests {
    private typealias Bench = HistoryBench

    /// Three days, rolled up.
    private func bench(rolledTo hours: Int64 = 72) throws -> Bench {
        let bench = try Bench()
        try bench.store.write(Bench.threeDays())
        try bench.maintain(at: hours * Bench.hour)
        return bench
    }

    private func jq(_ report: HistoryReport, _ filter: String) async throws -> [String] {
        let folder = try TemporaryFolder()
        let path = try folder.write(String(decoding: report.json, as: UTF8.self), to: "report.json")
        let read = try await Oracle.run("jq", ["-c", filter, path])
        #expect(read.isSuccess, "\(read)")
        return read.lines
    }

    @Test func figuresAreThoseOfTheResults() async throws {
        let report = try bench().report(from: 0, to: 72 * Bench.hour)
        #expect(!report.isExact && report.checks.map(\.name) == ["flaky", "lossy", "good"])
        let flaky = try await jq(
            report,
            ".checks[0] | [.check, .target, .ok, .failed, .outages, .outage_seconds, .codes, .longest_outage.seconds]")
        #expect(flaky == [#"["flaky","flaky.test",4290,30,3,1800,[{"code":"connection_refused","count":30}],600]"#])
        let worst = try await jq(report, ".checks[0].worst_hours[] | [.start, .failed, .availability_percent]")
        #expect(worst.count == 5 && worst[0] == #"["2026-01-01T03:00:00.000Z",10,83.333333]"#, "\(worst)")
        #expect(worst[2].hasPrefix(#"["2026-01-03T03"#) && worst[3].hasSuffix(",0,100]"))
        #expect(
            try await jq(report, ".checks[1].packet_loss, .overall.ok, .overall.failed") == ["0.416667", "12930", "30"])
        #expect(
            try await jq(report, "[.tools[].name], [.targets[].name]")
                == [#"["http","ping"]"#, #"["flaky.test","lossy.test","good.test"]"#])
        // Percentiles within the histogram's 1.6 %.
        let all = Bench.threeDays().filter { $0.check.name == "flaky" }.compactMap(\.latency).sorted()
        for (name, part) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
            let exact = Double(all[Int((part * Double(all.count)).rounded(.up)) - 1]) / 1000
            let found = try #require(Double(try await jq(report, ".checks[0].latency_ms.\(name)")[0]))
            #expect(abs(found - exact) <= 0.016 * exact, "\(name): \(found) for \(exact)")
        }
        let sum = Double(all.reduce(0, +)) / Double(all.count) / 1000
        #expect(abs(try #require(Double(try await jq(report, ".checks[0].latency_ms.mean")[0])) - sum) < 1e-6)
    }

    /// Whatever part is rolled up, and wherever the results have gone: the same numbers.
    @Test func rollUpsAndResultsSayTheSame() async throws {
        let rolled = try bench()
        let (since, until) = (12 * Bench.hour, 36 * Bench.hour)
        let exact = try rolled.report(from: since, to: until)
        let half = try bench(rolledTo: 30).report(from: 0, to: 72 * Bench.hour)
        let whole = try rolled.report(from: 0, to: 72 * Bench.hour)
        #expect(exact.isExact && !half.isExact)
        #expect(try await jq(half, "del(.file)") == (try await jq(whole, "del(.file)")))
        try rolled.maintain(HistoryAges(results: Bench.hour, rollups: .max / 4), at: 72 * Bench.hour)
        let sums = try rolled.report(from: since, to: until)
        #expect(!sums.isExact)
        #expect(try await jq(sums, "del(.file, .exact)") == (try await jq(exact, "del(.file, .exact)")))
    }

    @Test func filtersAdmitByPattern() throws {
        let bench = try bench()
        func names(_ filter: (inout HistoryQuery) -> Void) throws -> [String] {
            try bench.report(from: 0, to: 72 * Bench.hour, filter).checks.map(\.name)
        }
        #expect(try names { $0.checks = ["f*"] } == ["flaky"] && names { $0.tools = ["ping"] } == ["lossy"])
        #expect(
            try names {
                $0.targets = ["*.test"]; $0.tools = ["http"]
            } == ["flaky", "good"])
        #expect(try names { $0.checks = ["good", "l?ssy"] } == ["lossy", "good"])
        #expect(throws: NothingInPeriod.self) { try names { $0.groups = ["x"] } }
    }

    @Test func whereNothingIsItSaysWhatThereIs() throws {
        let bench = try bench()
        let error = #expect(throws: NothingInPeriod.self) {
            try bench.report(from: 400 * Bench.hour, to: 500 * Bench.hour)
        }
        let (first, last) = (
            LocalTime(WallTime(nanoseconds: Bench.begin * 1000)),
            LocalTime(WallTime(nanoseconds: (Bench.begin + 4319 * Bench.minute) * 1000))
        )
        #expect(
            error?.description.hasSuffix("what it has is from \(first.text) to \(last.text).") == true,
            "\(String(describing: error))")
        #expect(throws: NothingInPeriod.self) { try Bench().report(from: 0, to: Bench.hour) }
    }

    @Test func anOutageThatIsNotOverIsCutToThePeriod() throws {
        let bench = try Bench()
        try bench.store.write([
            Bench.row("a", at: Bench.minute, .failed, code: "timeout"),
            Bench.row("a", at: 90 * Bench.minute, .failed, code: "timeout"),
        ])
        let all = try bench.report(from: 0, to: 3 * Bench.hour).checks[0].outages
        #expect(all.count == 1 && all.longest?.isOpen == true && all.total == 89 * Bench.minute)
        let late = try bench.report(from: 80 * Bench.minute, to: 3 * Bench.hour).checks[0].outages
        #expect(late.total == 10 * Bench.minute && late.longest?.began == Bench.begin + 80 * Bench.minute)
    }

    @Test func textIsForPeople() throws {
        let report = try bench().report(from: 0, to: 72 * Bench.hour)
        let lines = HistoryText.render(report, Style(color: false)).split(separator: "\n").map(String.init)
        let flaky = try #require(lines.first { $0.hasPrefix("flaky ") })
        #expect(
            flaky.contains("99.31 %") && flaky.contains("27.4 ms") && flaky.split(separator: " ").contains("3"),
            "\(flaky)")
        // Low at midnight and high before it, three times.
        let line = try #require(flaky.split(separator: " ").last)
        #expect(
            line.count == 24 && line.filter { $0 == "▁" }.count == 3 && line.filter { $0 == "█" }.count == 3, "\(line)")
        #expect(lines.contains { $0.hasPrefix("lossy ") && $0.contains("0.42 %") })
        #expect(
            lines.contains(
                "  flaky: 10 min from \(LocalTime(WallTime(nanoseconds: (Bench.begin + 180 * Bench.minute) * 1000)).text)"
            ))
        #expect(lines.contains("  30      connection_refused"))
        #expect(lines.allSatisfy { $0.count <= 120 } && lines[0].contains(LocalTime.zone))
        let coloured = HistoryText.render(report, Style(color: true))
        #expect(coloured.contains("\u{1b}[31m") && !lines.joined().contains("\u{1b}"))
    }

    @Test func manyChecksAreABoundedPage() throws {
        let bench = try Bench()
        for hour in Int64(0)..<24 * 14 {
            try bench.store.write(
                (0..<60).map { Bench.row("c\($0)", at: hour * Bench.hour + Int64($0), latency: 1000 + hour) })
        }
        try bench.maintain(at: 24 * 14 * Bench.hour)
        let page = HistoryPage.render(try bench.report(from: 0, to: 24 * 14 * Bench.hour, plotted: 10))
        let none = HistoryPage.render(try bench.report(from: 0, to: 24 * 14 * Bench.hour, plotted: 0))
        #expect(page.components(separatedBy: "<section ").count == 11 && !none.contains("<section "))
        #expect((page.utf8.count - none.utf8.count) / 10 < 40_000 && none.utf8.count < 100_000)
    }

    @Test func periodsAreGivenInWords() {
        let now = WallTime(nanoseconds: Bench.begin * 1000)
        func hours(_ text: String) -> Double? {
            HistoryQuery.instant(text, before: now).map { Double(now.nanoseconds - $0.nanoseconds) / 3.6e12 }
        }
        #expect(
            hours("90m") == 1.5 && hours("12h") == 12 && hours("7d") == 168 && hours("2w") == 336 && hours("1y") == 8760
        )
        #expect(hours("2025-12-31T12:00:00Z") == 12 && hours("2026-01-01T00:00:00+02:00") == 2)
        // Longer ago than 1970 is 1970.
        #expect(HistoryQuery.instant("300y", before: now)?.nanoseconds == 0)
        #expect(HistoryQuery.instant("100000y", before: now)?.nanoseconds == 0)
        // Seconds may be left out with a zone too.
        #expect(hours("2025-12-31T12:00Z") == 12 && hours("2026-01-01T00:00+02:00") == 2)
        #expect(hours("2024-02-29T00:00Z") != nil)
        for text in [
            "", "7", "d", "-1d", "7x", "yesterday", "2026-13-01", "2026-01-01T25:00", "2026-02-31", "2026-04-31T12:00Z",
            "2025-02-29", "2026-01-01T12:00:", "2026-01-01T12:00X",
        ] {
            #expect(hours(text) == nil, "\(text)")
        }
        // Without a zone it is this machine's.
        for text in ["2026-01-31", "2026-01-31T12:34", "2026-07-01T12:34:00"] {
            let time = HistoryQuery.instant(text, before: now).map { LocalTime($0).text }
            #expect(
                time?.hasPrefix(text.replacing("T", with: " ").prefix(16)) == true,
                "\(text): \(String(describing: time))")
        }
    }

    /// Which check had the longest outage has nothing to do with how available it was.
    @Test func theLongestOutageIsThatOfAllChecks() throws {
        let bench = try Bench()
        var rows: [HistoryRow] = []
        for minute in Int64(0)..<60 {
            for check in 0..<6 {
                rows.append(
                    Bench.row(
                        "flapping\(check)", at: minute * Bench.minute + Int64(check), minute % 2 == 0 ? .failed : .ok,
                        code: minute % 2 == 0 ? "timeout" : ""))
            }
            let isDown = (10..<25).contains(minute)
            rows.append(
                Bench.row("once", at: minute * Bench.minute + 9, isDown ? .failed : .ok, code: isDown ? "timeout" : ""))
        }
        try bench.store.write(rows)
        let report = try bench.report(from: 0, to: Bench.hour)
        let lines = HistoryText.render(report, Style(color: false)).split(separator: "\n").map(String.init)
        let heading = try #require(lines.firstIndex { $0 == "Longest outage:" })
        #expect(lines[heading + 1].hasPrefix("  once: 15 min from "), "\(lines)")
    }

    /// SQLite keeps anything in any column.
    @Test func aDamagedFileEndsNoReport() async throws {
        let bench = try bench()
        let last = Bench.begin / Bench.hour + 71
        bench.store.close()
        let damage = """
            UPDATE checks SET name = CAST(x'66ff3c' AS TEXT), target = x'ff00', "group" = 5 WHERE name = 'flaky';
            UPDATE outcomes SET code = x'fffe' WHERE id > 0;
            UPDATE rollups SET sum = 9223372036854775807, ok = 9223372036854775807, maximum = 9223372036854775807,
                sent = 1e300, lost = 'many', minimum = -9223372036854775808 WHERE hour % 2 = 0;
            UPDATE rollups SET failed = -5, latencies = 'text' WHERE hour = \(last);
            UPDATE failures SET count = 4611686018427387904 WHERE hour % 24 < 4;
            UPDATE results SET latency = 9223372036854775807, sent = 'x', outcome = 'none' WHERE time % 120000000 = 0;
            INSERT INTO outages (check_id, began, ended) SELECT id, -9223372036854775808, 9223372036854775807 FROM checks;
            INSERT INTO outages (check_id, began, ended) VALUES ('x', 'y', 'z');
            """
        let done = try await Oracle.run("sqlite3", [bench.path, damage])
        #expect(done.isSuccess, "\(done)")
        for (since, until) in [
            (0, 72 * Bench.hour), (71 * Bench.hour, 72 * Bench.hour), (-Bench.begin, 900 * Bench.hour),
        ] {
            do {
                let report = try bench.report(from: since, to: until)
                #expect(report.checks.contains { $0.name.hasPrefix("f\u{fffd}") })
                #expect(!HistoryText.render(report, Style(color: false)).isEmpty && !report.json.isEmpty)
                #expect(HistoryPage.render(report).contains("f\u{fffd}&lt;"))
            } catch let error as ConfigurationError {
                #expect(error.description.contains(" cannot be read: "), "\(error)")
            }
        }
    }
}
