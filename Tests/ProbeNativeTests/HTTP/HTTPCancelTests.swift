import ProbeTesting
import Testing

@testable import ProbeNative

/// A job that is stopped wherever it is: one outcome, with the stage, and what there was until then.
@Suite(.timeLimit(.minutes(2))) struct HTTPCancelTests {
    /// Stops the job once `isThere` has seen it at its place.
    private func stopped(
        _ url: String, _ parameters: [String: ParameterValue] = [:], when isThere: () async throws -> Void
    ) async throws -> ProbeResult {
        let engine = try #require(HTTPProbe.engine)
        let results = EventLog<ProbeResult>()
        let probe = try HTTPProbe.prepare(url, parameters)
        let running = engine.start(probe, deadline: engine.time.now + .seconds(60)) { results.append($0) }
        try await isThere()
        running.stop(.cancelled)
        running.stop(.cancelled)
        let result = try await results.next("result")
        #expect(results.pending.isEmpty)
        return result
    }

    @Test func whileTheServerThinks() async throws {
        let peer = try await HTTPProbe.peer()
        let result = try await stopped(peer.url("/hang?cancel")) {
            _ = try await peer.events.next("the request") { $0["target"] == "/hang?cancel" }
        }
        #expect(result.outcome.failure == .cancelled(.response))
        #expect((result.outcome.report as? HTTPReport)?.phases.wait != nil)
    }

    @Test func duringTheTLSHandshake() async throws {
        let peer = try await PythonPeer.http()
        let result = try await stopped("https://127.0.0.1:\(peer.port("silent"))/") {
            _ = try await peer.events.next("the connection") { $0["open"] == 1 }
        }
        #expect(result.outcome.failure?.code == .cancelled)
        _ = try await peer.events.next("its end") { $0["event"] == "silent" && $0["open"] == 0 }
        await peer.stop()
    }

    @Test func whileItConnects() async throws {
        let peer = try await HTTPProbe.peer()
        let result = try await stopped("http://127.0.0.1:\(peer.port("backlog"))/") {}
        #expect(result.outcome.failure?.code == .cancelled)
        #expect([.resolve, .connect].contains(result.outcome.failure?.stage))
    }

    @Test func whileAProxyThinks() async throws {
        let proxies = try await PythonPeer.proxies(certificate: TestCertificates.shared().good)
        let proxy = ParameterValue.string("http://127.0.0.1:\(proxies.port("hang"))")
        let result = try await stopped("https://a.example/", ["proxy": proxy]) {
            _ = try await proxies.events.next("the connection") { $0["event"] == "waiting" }
        }
        #expect(result.outcome.failure == .cancelled(.connect))
        _ = try await proxies.events.next("its end") { $0["event"] == "left" }
        await proxies.stop()
    }
}
