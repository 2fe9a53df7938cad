import Foundation
import ProbeNative
import ProbeTesting
import Testing

/// `probe-agent explain` of the built program against real servers.
struct ExplainProgramTests {
    @Test func theTextIsAWaterfallOfEightyColumns() async throws {
        let nginx = try await NginxServer()
        let result = try await UsageProgramTests.run(["explain", "http", nginx.url("/redirect/1")])
        #expect(result.isSuccess && result.errors.isEmpty, "\(result.errors)")
        #expect(result.lines[0].hasPrefix("http \(nginx.url("/redirect/1")): "))
        #expect(result.lines.allSatisfy { $0.count <= 80 } && !result.output.contains("\u{1b}"), "\(result.output)")
        let rows = result.lines.filter { $0.contains("│") }
        for part in [
            "queue for reactor 0: admitted", "run http ", "verdict of the tool: ok", "encode the result as JSON: ",
        ] {
            #expect(rows.contains { $0.contains(part) }, "\(part): \(result.output)")
        }
        // Each hop with its phases.
        for part in ["connect 127.0.0.1:", "response first byte: status 302", "body last byte: "] {
            #expect(rows.contains { $0.contains(part) }, "\(part): \(result.output)")
        }
        #expect(result.output.contains("Most of the time, ") && result.output.contains("\nVerdict: ok.\nIt rests on "))
        await nginx.stop()
    }

    @Test func aFailureSaysWhatItRestsOn() async throws {
        let port = try FreePorts.closed()
        let result = try await UsageProgramTests.run(["explain", "tcp", "127.0.0.1", "\(port)"])
        #expect(result.status == .code(1))
        #expect(result.output.contains("Verdict: connection_refused at connect.\n"), "\(result.output)")
        #expect(result.output.contains("It rests on connect 127.0.0.1:\(port): connection_refused"), "\(result.output)")
        let nothing = try await UsageProgramTests.run(["explain", "tcp", "127.0.0.1", "\(port)", "--deny", "127.0.0.1"])
        #expect(nothing.output.contains("Verdict: policy_denied at policy."), "\(nothing.output)")
        #expect(nothing.output.contains("It rests on policy 127.0.0.1"), "\(nothing.output)")
    }

    /// docs/explain.md tells the fields; the kinds are those of the library.
    @Test func theJSONIsAsDocumented() async throws {
        let nsd = try await NSDServer()
        let result = try await UsageProgramTests.run([
            "explain", "dns", "www.probe.test", "@127.0.0.1:\(nsd.port)", "--format", "json",
        ])
        #expect(result.isSuccess && result.lines.count == 1)
        let story = try JSONValue(parsing: result.output)
        #expect(story["tool"]?.string == "dns" && story["target"]?.string == "www.probe.test")
        #expect(story["success"]?.bool == true && story["result"]?["rcode"]?.string == "NOERROR")
        #expect(story["rests_on"]?.string?.hasPrefix("query www.probe.test. A to 127.0.0.1:\(nsd.port)") == true)
        let spans = try #require(story["spans"]?.array)
        let page = try String(contentsOfFile: DeployScript.repository + "/docs/explain.md", encoding: .utf8)
        for (index, span) in spans.enumerated() {
            #expect(span["id"]?.int == index && (index == 0) == (span["parent"] == .null))
            let parent = span["parent"]?.int ?? 0
            #expect(parent < max(1, index))
            #expect(Span.Kind(rawValue: span["kind"]?.string ?? "") != nil, "\(span)")
            let (start, length) = (try #require(span["start_ns"]?.int), try #require(span["duration_ns"]?.int))
            #expect(start >= spans[parent]["start_ns"]?.int ?? 0 && length >= 0)
            #expect(span["name"]?.string != nil && span["failed"]?.bool == false)
            for field in span.object?.keys.sorted() ?? [] { #expect(page.contains("`\(field)`"), "\(field)") }
        }
        let total = try #require(story["total_ms"]?.double)
        let shares = try #require(story["shares"]?.array)
        #expect(abs(shares.reduce(0) { $0 + ($1["ms"]?.double ?? 0) } - total) < 0.001)
        let kinds = Set(spans.compactMap { $0["kind"]?.string })
        #expect(kinds.isSuperset(of: ["queue", "run", "query", "verdict", "encode"]))
        for kind in Span.Kind.allCases { #expect(page.contains("`\(kind.rawValue)`"), "\(kind.rawValue)") }
        await nsd.stop()
    }

    /// What chrome://tracing and Perfetto ask of complete events.
    @Test func theTraceEventsAreGood() async throws {
        let folder = try TemporaryFolder()
        let file = folder.file("trace.json")
        let result = try await UsageProgramTests.run([
            "explain", "traceroute", "127.0.0.1", "--protocol", "udp", "--format", "chrome", "-o", file,
        ])
        #expect(result.isSuccess && result.output.isEmpty, "\(result.errors)")
        let trace = try JSONValue(parsing: String(contentsOfFile: file, encoding: .utf8))
        #expect(trace["displayTimeUnit"]?.string == "ms")
        let events = try #require(trace["traceEvents"]?.array)
        let complete = events.filter { $0["ph"]?.string == "X" }
        #expect(complete.count > 10 && events.allSatisfy { ["X", "M"].contains($0["ph"]?.string) })
        for event in events {
            #expect(event["pid"]?.int == 1 && event["tid"]?.int != nil && event["name"]?.string?.isEmpty == false)
            #expect(event["args"]?.object != nil)
        }
        #expect(complete.contains { $0["args"]?["outcome"]?.string == "127.0.0.1, target" })
        var byThread: [Int: [(start: Double, end: Double)]] = [:]
        for event in complete {
            let start = try #require(event["ts"]?.double)
            let length = try #require(event["dur"]?.double)
            #expect(start >= 0 && length >= 0 && event["cat"]?.string != nil)
            byThread[event["tid"]?.int ?? 0, default: []].append((start, start + length))
        }
        // On one thread events are inside each other or apart, or they cannot be drawn.
        for spans in byThread.values {
            for (index, one) in spans.enumerated() {
                for other in spans[(index + 1)...] {
                    let isInside =
                        other.start >= one.start - 0.001 && other.end <= one.end + 0.001
                        || one.start >= other.start - 0.001 && one.end <= other.end + 0.001
                    #expect(isInside || other.start >= one.end - 0.001 || one.start >= other.end - 0.001)
                }
            }
        }
        // Several hops are asked at once.
        #expect(byThread.count > 1)
    }

    @Test func interruptedItTellsHowFarItCame() async throws {
        let peer = try await PythonPeer.http()
        let url = "http://127.0.0.1:\(peer.port("silent"))/"
        let process = try ChildProcess.start(
            Places.product("probe-agent"), ["explain", "http", url, "--format", "json"])
        _ = try await peer.events.next("connection") { ($0["open"]?.int ?? 0) > 0 }
        process.send(signal: SIGINT)
        #expect(try await process.exit(within: .seconds(30)) == .code(130))
        try await process.output.finished()
        let story = try JSONValue(parsing: process.output.pending.joined())
        let spans = story["spans"]?.array ?? []
        #expect(spans.contains { $0["kind"]?.string == "stop" && $0["name"]?.string == "the job was cancelled" })
        #expect(spans.contains { $0["kind"]?.string == "response" && $0["failed"]?.bool == true }, "\(story)")
        #expect(story["result"]?["error_code"]?.string == "cancelled")
        await peer.stop()
    }

    @Test(arguments: [
        ([], "Say what to explain"), (["pong", "h"], "There is no tool pong; did you mean ping?"),
        (["dns"], "dns needs a target"),
        (["dns", "a.example", "--format", "svg"], "--format must be text, json or chrome"),
        (["dns", "a.example", "--xyzzy"], "There is no flag --xyzzy"),
        (["ping", "127.0.0.1", "--count", "0"], "count must be"),
    ])
    func wrongUsageIs64(words: [String], part: String) async throws {
        let result = try await UsageProgramTests.run(["explain"] + words)
        #expect(result.status == .code(64) && result.output.isEmpty)
        #expect(result.errors.hasPrefix("probe-agent: ") && result.errors.contains(part), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1)
    }

    @Test func aFileThatCannotBeWrittenIs74() async throws {
        let result = try await UsageProgramTests.run(["explain", "dns", "a.example", "-o", "/nowhere/at/all"])
        #expect(result.status == .code(74) && result.output.isEmpty)
        #expect(result.errors == "probe-agent: /nowhere/at/all cannot be written: No such file or directory.\n")
    }

    @Test func helpTeaches() async throws {
        for words in [["explain", "--help"], ["help", "explain"], ["explain", "dns", "--help"]] {
            let result = try await UsageProgramTests.run(words)
            #expect(result.isSuccess && result.output.contains("USAGE: probe-agent explain TOOL TARGET"))
            #expect(result.output.contains("--format FORM") && result.output.contains("probe-agent explain dns "))
            #expect(result.output.contains("--record-type") == (words.count == 3))
        }
    }
}
