import ProbeTesting
import Testing

@testable import ProbeNative

/// The engine as any program uses it.
@Suite(.timeLimit(.minutes(2))) struct ProberTests {
    @Test func measuresWithTypedReports() async throws {
        let nginx = try await HTTPProbe.nginx()
        let prober = try Prober()
        let ping = try await prober.ping("127.0.0.1", count: 2, interval: .milliseconds(50))
        #expect(ping.failure == nil && ping.report?.received == 2 && ping.report?.statistics.median != nil)
        let fetched = try await prober.fetch(nginx.url("/"), body: true)
        #expect(fetched.report?.status == 200 && fetched.report?.body?.isEmpty == false)
        let trace = try await prober.trace("127.0.0.1", maxHops: 3)
        #expect(trace.report?.isReached == true && trace.report?.hops.count == 1)
        let refused = try await prober.run("tcp", "127.0.0.1", ["port": .integer(Int64(try FreePorts.closed()))])
        #expect(refused.outcome.failure?.code == .connectionRefused)
    }

    @Test func asksTheNameServerThatItIsTold() async throws {
        let nsd = try await NSDServer()
        let prober = try Prober()
        let found = try await prober.resolve("probe.test", "SOA", server: "127.0.0.1:\(nsd.port)")
        await nsd.stop()
        #expect(found.failure == nil && found.report?.answer != nil, "\(String(describing: found.failure))")
    }

    @Test func whatCannotBeAskedIsOneSentence() async throws {
        let prober = try Prober { $0.add("own") { _, _, _, _ in [] } }
        #expect(prober.tools.contains("own"))
        await #expect(throws: InvalidInput.self) { try await prober.run("pong", "127.0.0.1") }
        await #expect(throws: InvalidInput.self) { try await prober.run("ping", "127.0.0.1", ["count": "many"]) }
        await #expect(throws: InvalidInput.self) { try await prober.ping("-f") }
    }

    @Test func obeysThePolicyOfItsProgram() async throws {
        var configuration = EngineConfiguration()
        configuration.policy = TargetPolicy()
        let prober = try Prober(configuration)
        let denied = try await prober.ping("169.254.169.254")
        #expect(denied.failure?.code == .policyDenied)
    }

    @Test func aCancelledTaskEndsItsDiagnostic() async throws {
        let prober = try Prober()
        let running = Task {
            try await prober.ping("127.0.0.1", count: 100, interval: .seconds(10), timeout: .seconds(1000))
        }
        running.cancel()
        let cut = try await running.value
        #expect(cut.failure?.code == .cancelled && cut.result.run < .seconds(10))
    }

    @Test func parametersAreWrittenAsTheyAre() {
        let value: ParameterValue = ["a": 1, "b": [true, 1.5, "x"], "c": ["d": "e"]]
        #expect(
            value
                == .object([
                    .init("a", .integer(1)), .init("b", .array([.bool(true), .number(1.5), .string("x")])),
                    .init("c", .object([.init("d", .string("e"))])),
                ]))
    }
}
