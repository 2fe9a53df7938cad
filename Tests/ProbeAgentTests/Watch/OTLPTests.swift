import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// Figures as OTLP, read by OpenTelemetry's own protobuf messages.
@Suite(.enabled("opentelemetry-proto cannot be had by pip") { await Receiver.package.isAvailable })
struct OTLPTests {
    private static let file = """
        checks:
          - {tool: scripted, targets: [a.test, b.test], every: 10s, group: "x \\"y\\"", labels: {site: home}}
        """

    /// - Returns: an output to `port`, started, and told what the watch's outputs were.
    private func output(
        _ bench: WatchBench, _ port: Int, _ more: String = ""
    ) throws -> any WatchOutput {
        try bench.folder.write("X-Tenant: blue\n", to: "header")
        let path = try bench.folder.write(
            """
            checks: [{tool: scripted, target: a.test}]
            outputs: [{otlp: {url: "http://127.0.0.1:\(port)", header_file: header, interval: 30s\(more)}}]
            """, to: "otlp.yaml")
        let output = try #require(try WatchFile(path: path, registry: bench.engine.registry).openOutputs().first)
        try output.start(bench.watch, .silent)
        for event in bench.output.events { output.receive(event) }
        return output
    }

    private func bench() async throws -> WatchBench {
        let bench = try WatchBench(Self.file)
        bench.scripted.failing.withLock { $0 = ["b.test"] }
        try await bench.run { await bench.advance(by: .seconds(20)) }
        return bench
    }

    @Test func theSchemaTakesIt() async throws {
        let (receiver, bench) = (try await Receiver([200]), try await bench())
        let output = try output(bench, receiver.port)
        await bench.time.sleepers(1)
        bench.time.advance(by: .seconds(30))
        let request = try await receiver.request()
        #expect(request["error"] == .null, "\(request.text)")
        #expect(request["path"]?.string == "/v1/metrics" && request["headers"]?["x-tenant"]?.string == "blue")
        #expect(request["headers"]?["content-type"]?.string == "application/json")
        #expect(
            request["resource"]?["service.name"]?.string == "probeops" && request["scope"]?.string == "probeops.watch")
        #expect(request["resource"]?["service.version"]?.string == Version.current)
        let metrics = Dictionary(
            uniqueKeysWithValues: (request["metrics"]?.array ?? []).map { ($0["name"]?.string ?? "", $0) })
        let success = metrics["probe.success"]?["points"]?.array ?? []
        #expect(success.map { $0["value"]?.double } == [1, 0])
        let attributes = success[0]["attributes"]
        #expect(attributes?["check"]?.string == "scripted a.test" && attributes?["group"]?.string == "x \"y\"")
        #expect(attributes?["site"]?.string == "home")
        // The result's own time.
        let ended = bench.output.results.last { $0.check.target == "a.test" }?.result.finishedAt.nanoseconds
        #expect(success[0]["time"]?.double == ended.map(Double.init))
        let results = metrics["probeops.watch.results"]
        #expect(results?["kind"]?.string == "sum")
        let failed = results?["points"]?.array?.first { $0["attributes"]?["code"]?.string == "connection_refused" }
        #expect(failed?["value"]?.double == 2 && failed?["attributes"]?["verdict"]?.string == "failed")
        #expect((failed?["start"]?.double ?? 0) > 0)
        let run = metrics["probeops.watch.run"]
        #expect(run?["kind"]?.string == "histogram" && run?["unit"]?.string == "s")
        #expect(run?["points"]?[0]?["count"]?.double == 5)
        #expect(metrics["probe.duration"]?["unit"]?.string == "s")
        await output.finish()
        #expect(output.dropped == 0)
        await receiver.process.stop()
    }

    @Test func aRefusalIsTriedAgainAndWhatIsGivenUpIsCounted() async throws {
        let (receiver, bench) = (try await Receiver([503, 503, 200]), try await bench())
        let output = try output(bench, receiver.port, ", attempts: 2")
        await bench.time.sleepers(1)
        bench.time.advance(by: .seconds(30))
        _ = try await receiver.request()
        await bench.time.sleepers(1)
        #expect(bench.time.pending.first == bench.time.now + .seconds(1))
        bench.time.advance(by: .seconds(1))
        _ = try await receiver.request()
        while output.dropped == 0 { await Task.yield() }
        #expect(output.dropped == 2)
        // The next has the same counters and more.
        output.receive(.result(try #require(bench.output.results.first { $0.check.target == "a.test" })))
        await bench.time.sleepers(1)
        bench.time.advance(by: .seconds(30))
        let request = try await receiver.request()
        let results = request["metrics"]?.array?.first { $0["name"]?.string == "probeops.watch.results" }
        #expect(results?["points"]?.array?.map { $0["value"]?.double } == [4])
        await output.finish()
        await receiver.process.stop()
    }

    /// A batch that was not due yet goes out at the end; with nothing new nothing is sent.
    @Test func theEndSendsTheRest() async throws {
        let (receiver, bench) = (try await Receiver([200]), try await bench())
        let output = try output(bench, receiver.port)
        await output.finish()
        #expect(try await receiver.request()["error"] == .null)
        await output.finish()
        #expect(receiver.process.output.pending.isEmpty && output.dropped == 0)
        await receiver.process.stop()
    }

    @Test(.timeLimit(.minutes(2))) func manyChecksAreManyRequests() async throws {
        let (receiver, bench) = (try await Receiver([200]), try await bench())
        let output = try output(bench, receiver.port)
        var result = try #require(bench.output.results.first)
        let checks = (0..<1000).map { number in
            var check = result.check
            check.id = "check \(number)"
            return check
        }
        output.receive(.checks(checks))
        for check in checks {
            result.check = check
            output.receive(.result(result))
        }
        await bench.time.sleepers(1)
        bench.time.advance(by: .seconds(30))
        var (seen, requests) = (Set<String>(), 0)
        while seen.count < checks.count {
            let request = try await receiver.request()
            #expect(request["error"] == .null && (request["size"]?.int ?? .max) < 2 * OTLPRequest.size)
            let success = request["metrics"]?.array?.first { $0["name"]?.string == "probe.success" }
            let ids = (success?["points"]?.array ?? []).compactMap { $0["attributes"]?["check"]?.string }
            #expect(seen.isDisjoint(with: ids))
            seen.formUnion(ids)
            requests += 1
        }
        #expect(requests > 3 && seen == Set(checks.map(\.id)))
        await output.finish()
        await receiver.process.stop()
    }
}

/// Tests/Peers/otlp_peer.py.
private struct Receiver {
    static let package = PythonPackage(
        "opentelemetry-proto==1.45.2", in: "opentelemetry-proto", having: "opentelemetry/proto")

    let process: ChildProcess
    let port: Int

    init(_ statuses: [Int]) async throws {
        process = try ChildProcess.start(
            ["env", "PYTHONPATH=\(Self.package.folder)", "python3", Places.testFile("Peers/otlp_peer.py")]
                + statuses.map(String.init))
        port =
            try JSONValue(parsing: try await process.output.next("listening", within: .seconds(60)) { _ in true })[
                "port"]?
            .int ?? 0
    }

    func request() async throws -> JSONValue {
        try JSONValue(
            parsing: try await process.output.next("request", within: .seconds(60)) { $0.contains("\"request\"") })
    }
}
