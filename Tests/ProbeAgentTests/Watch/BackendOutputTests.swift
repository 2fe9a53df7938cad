import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

struct BackendOutputTests {
    /// Where a node's answers go.
    private final class Sink: ResultSink {
        let taken = Locked<[(id: String, bytes: [UInt8])]>([])
        let congested = Locked(false)

        func append(requestID: String, _ bytes: [UInt8]) { taken.withLock { $0.append((requestID, bytes)) } }
        func repeatAnswer(requestID: String) -> Bool { false }
        var isCongested: Bool { congested.withLock(\.self) }
        var isFull: Bool { false }
    }

    private static let file = """
        checks: [{tool: scripted, target: a.test, every: 10s, group: g, labels: {site: home}}]
        outputs: [{backend: {}}]
        """

    @Test func aResultIsAnAnswerThatNobodyAskedFor() async throws {
        let bench = try WatchBench(Self.file)
        try await bench.run { await bench.advance(by: .seconds(10)) }
        let results = bench.output.results
        try #require(results.count == 2)
        let (sink, other, takes) = (Sink(), Sink(), Locked(true))
        let output = BackendOutput()
        output.attach(sink, maxBytes: 1 << 20) { takes.withLock(\.self) }
        try output.start(bench.watch, .silent)
        for result in results { output.receive(.result(result)) }
        let taken = sink.taken.withLock { $0 }
        #expect(taken.count == 2 && taken[0].id != taken[1].id && output.dropped == 0)
        let message = try JSONValue(parsing: String(decoding: taken[0].bytes, as: UTF8.self))
        #expect(message["type"] == "diagnostic_response" && message["request_id"]?.string == taken[0].id)
        #expect(message["success"] == true && message["result"]?["target"] == "a.test")
        #expect(
            message["check"] == [
                "id": "scripted a.test", "group": "g", "labels": ["site": "home"], "state": "ok", "every_ms": 10000,
            ], "\(message.text)")
        // Another process's are others.
        let second = BackendOutput()
        second.attach(other, maxBytes: 1 << 20) { true }
        second.receive(.result(results[0]))
        #expect(other.taken.withLock { $0[0].id } != taken[0].id)
        // Where the backend takes none, or nothing, they are counted.
        takes.withLock { $0 = false }
        output.receive(.result(results[0]))
        takes.withLock { $0 = true }
        sink.congested.withLock { $0 = true }
        output.receive(.result(results[0]))
        #expect(output.dropped == 2 && sink.taken.withLock(\.count) == 2)
    }

    @Test func withoutANodeEachIsDropped() async throws {
        let bench = try WatchBench(Self.file)
        try await bench.run { await bench.advance(by: .seconds(10)) }
        let output = BackendOutput()
        try output.start(bench.watch, .silent)
        for result in bench.output.results { output.receive(.result(result)) }
        #expect(output.dropped == bench.output.results.count && output.dropped > 0)
    }
}
