import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

struct RotatingFileTests {
    private func line(_ text: String) -> [UInt8] { Array((text + "\n").utf8) }
    private func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "none" }

    @Test func aFullFileIsRenamedAndTheOldestGoes() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("r")
        let file = try RotatingFile(path, limit: 10, keep: 2)
        for number in 1...9 { #expect(file.write(line("line\(number)")) == 0) }
        #expect(text(path) == "line9\n" && text(path + ".1") == "line8\n" && text(path + ".2") == "line7\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 3)
    }

    @Test func linesAreNeverTorn() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("old\n", to: "r")
        let file = try RotatingFile(path, limit: 10, keep: 9)
        #expect(file.write(line("aa") + line("bb") + line("a line longer than a file") + line("cc")) == 0)
        #expect(text(path) == "cc\n" && text(path + ".1") == "a line longer than a file\n")
        #expect(text(path + ".2") == "old\naa\nbb\n")
    }

    @Test func withNothingToKeepTheOldOneGoes() throws {
        let folder = try TemporaryFolder()
        let file = try RotatingFile(folder.file("r"), limit: 6, keep: 0)
        for number in 1...3 { #expect(file.write(line("line\(number)")) == 0) }
        #expect(text(folder.file("r")) == "line3\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["r"])
    }
}

struct NDJSONOutputTests {
    /// What was written is what jq reads, over all files of a rotation, in order.
    @Test func jqReadsItBack() async throws {
        let bench = try WatchBench(
            """
            checks:
              - {tool: scripted, targets: [a.test, b.test], every: 10s, group: "x \\"y\\"", labels: {site: home}}
            outputs:
              - ndjson: {file: out.ndjson, rotate: 4KiB, keep: 50}
            """)
        let file = try WatchFile(path: bench.folder.file("w.yaml"), registry: bench.engine.registry)
        let output = try #require(try file.openOutputs().first)
        try output.start(bench.watch, .silent)
        bench.scripted.failing.withLock { $0 = ["b.test"] }
        try await bench.run { await bench.advance(by: .seconds(200)) }
        for result in bench.output.results { output.receive(.result(result)) }
        for change in bench.output.changes { output.receive(.change(change)) }
        await output.finish()
        #expect(output.dropped == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: bench.folder.path).filter {
            $0.hasPrefix("out")
        }
        #expect(names.count > 2)
        let files = names.sorted { $0.count != $1.count ? $0.count > $1.count : $0 > $1 }.map(bench.folder.file)
        let read = try await Oracle.run(
            "jq", ["-c", "[.type, .check, .group, .labels.site, .verdict, .code, .result.success, .state]"] + files)
        let lines = read.output.split(separator: "\n").map(String.init)
        #expect(read.isSuccess && lines.count == 42, "\(read)")
        #expect(lines.count { $0 == #"["result","scripted a.test","x \"y\"","home","ok",null,true,"ok"]"# } == 21)
        let failed = #"["result","scripted b.test","x \"y\"","home","failed","connection_refused",false,"failing"]"#
        #expect(lines.count { $0 == failed } == 20)
        #expect(
            lines.last == #"["change","scripted b.test","x \"y\"","home",null,"connection_refused",null,"failing"]"#)
    }

    @Test func aFullDiskIsCounted() async throws {
        let bench = try WatchBench("checks: [{tool: scripted, target: a.test, every: 10s}]")
        let output = try LineOutput(
            "full", to: LineFile(owning: FileDescriptor(owning: open("/dev/full", O_WRONLY))), render: LineOutput.json)
        try output.start(bench.watch, .silent)
        try await bench.run { await bench.advance(by: .seconds(30)) }
        for result in bench.output.results { output.receive(.result(result)) }
        await output.finish()
        #expect(output.dropped == 4)
    }
}

struct WebhookTests {
    private static let limit = Duration.seconds(60)

    /// A receiver that answers with `statuses`.
    private struct Receiver {
        let process: ChildProcess
        let port: Int

        init(_ statuses: [Int]) async throws {
            process = try ChildProcess.start(
                "python3", [Places.testFile("Peers/webhook_peer.py")] + statuses.map(String.init))
            port =
                try JSONValue(parsing: try await process.output.next("listening", within: limit) { _ in true })["port"]?
                .int ?? 0
        }

        func request() async throws -> JSONValue {
            try JSONValue(
                parsing: try await process.output.next("request", within: limit) { $0.contains("\"request\"") })
        }
    }

    /// A watch whose one check fails once, and a webhook to `receiver`.
    private func output(_ bench: WatchBench, _ port: Int, attempts: Int = 8) throws -> any WatchOutput {
        try bench.folder.write("X-Secret: s3cret\nAuthorization: Bearer t\n", to: "header")
        let path = try bench.folder.write(
            """
            checks: [{tool: scripted, target: a.test}]
            outputs: [{webhook: {url: "http://127.0.0.1:\(port)/hook", header_file: header, attempts: \(attempts)}}]
            """, to: "hook.yaml")
        let output = try #require(try WatchFile(path: path, registry: bench.engine.registry).openOutputs().first)
        try output.start(bench.watch, .silent)
        return output
    }

    private func bench() throws -> WatchBench {
        try WatchBench("checks: [{tool: scripted, target: a.test, every: 10s, labels: {site: home}}]")
    }

    private func change(_ bench: WatchBench) async throws -> WatchEvent {
        bench.scripted.failing.withLock { $0 = ["a.test"] }
        try await bench.run { await bench.advance(by: .seconds(10)) }
        return .change(try #require(bench.output.changes.first))
    }

    @Test func aChangeIsPostedWithTheSecretHeader() async throws {
        let (receiver, bench) = (try await Receiver([204]), try bench())
        let output = try output(bench, receiver.port)
        output.receive(try await change(bench))
        let request = try await receiver.request()
        #expect(request["path"]?.string == "/hook" && request["headers"]?["x-secret"]?.string == "s3cret")
        #expect(request["headers"]?["authorization"]?.string == "Bearer t")
        #expect(request["headers"]?["content-type"]?.string == "application/json")
        let body = try JSONValue(parsing: request["body"]?.string ?? "")
        #expect(body["state"]?.string == "failing" && body["check"]?.string == "scripted a.test")
        #expect(body["code"]?.string == "connection_refused" && body["labels"]?["site"]?.string == "home")
        await output.finish()
        #expect(output.dropped == 0)
        await receiver.process.stop()
    }

    @Test func whatMayPassIsTriedAgainWithLongerPauses() async throws {
        let (receiver, bench) = (try await Receiver([503, 429, 200]), try bench())
        let output = try output(bench, receiver.port)
        output.receive(try await change(bench))
        for pause in [1.0, 2.0] {
            _ = try await receiver.request()
            await bench.time.sleepers(1)
            #expect(bench.time.pending.first == bench.time.now + .seconds(pause))
            bench.time.advance(by: .seconds(pause))
        }
        _ = try await receiver.request()
        await output.finish()
        #expect(output.dropped == 0)
        await receiver.process.stop()
    }

    @Test func aRefusalIsFinalAndCounted() async throws {
        let (receiver, bench) = (try await Receiver([403]), try bench())
        let output = try output(bench, receiver.port)
        output.receive(try await change(bench))
        _ = try await receiver.request()
        while output.dropped == 0 { await Task.yield() }
        #expect(bench.time.pending.isEmpty)
        await output.finish()
        await receiver.process.stop()
    }

    @Test func aReceiverThatIsAwayCostsABoundedQueue() async throws {
        let bench = try bench()
        let output = try output(bench, try FreePorts.closed(), attempts: 2)
        let event = try await change(bench)
        for _ in 0..<1500 { output.receive(event) }
        // One of them is under way.
        #expect((499...500).contains(output.dropped))
        await bench.time.sleepers(1)
        let end = Task { await output.finish() }
        // The pause of the one, and the limit of the end.
        await bench.time.sleepers(2)
        bench.time.advance(by: .seconds(6))
        await end.value
        #expect(output.dropped == 1500)
    }
}
