import ProbeTesting
import Testing

@testable import ProbeNative

/// Many pings at once on loopback: nobody gets another's reply, and nothing is left behind.
@Suite(.enabled(if: PingLab.isAvailable, "pinging needs CAP_NET_RAW"))
struct PingManyTests {
    @Test(arguments: PingLab.engines) func aThousandAddressesAtOnce(_ name: PingParameters.Engine) async throws {
        let engine = try #require(PingLab.engine)
        let targets = (0..<1000).map { "127.\($0 / 250 + 1).\($0 % 250).9" }
        let outcomes = try await pingAll(
            targets, on: engine, [.init("count", .integer(2)), .init("interval_ms", .integer(100))] + .engine(name))
        for (target, outcome) in zip(targets, outcomes) {
            let report = try #require(outcome.report as? PingReport)
            #expect(outcome.failure == nil, "\(target): \(String(describing: outcome.failure))")
            #expect(report.received == 2)
            #expect(report.packets.allSatisfy { $0.from == IPAddress(target) })
            // Crediting strangers' replies shows as RTTs of hundreds of milliseconds.
            #expect(report.packets.allSatisfy { ($0.rtt ?? .zero) < .milliseconds(400) })
        }
    }

    @Test(arguments: PingLab.engines) func oneAddressManyTimesAtOnce(_ name: PingParameters.Engine) async throws {
        let engine = try #require(PingLab.engine)
        let outcomes = try await pingAll(
            Array(repeating: "::1", count: 500), on: engine,
            [.init("count", .integer(3)), .init("interval_ms", .integer(10))] + .engine(name))
        #expect(outcomes.allSatisfy { ($0.report as? PingReport)?.received == 3 })
    }

    @Test(arguments: PingLab.engines) func fpingAgrees(_ name: PingParameters.Engine) async throws {
        let (report, _) = try await PingLab.run(
            "127.0.0.1", [.init("count", .integer(20)), .init("interval_ms", .integer(10))], by: name)
        // "127.0.0.1 : xmt/rcv/%loss = 20/20/0%, min/avg/max = 0.02/0.05/0.1"
        let fping = try await Oracle.run("fping", ["-q", "-c", "20", "-p", "10", "127.0.0.1"])
        let line = try #require(fping.errors.split(separator: "\n").first)
        #expect(line.contains("= 20/20/0%"))
        let numbers = line.split(separator: "=").last?.split(separator: "/") ?? []
        let average = try #require(numbers.count == 3 ? Double(numbers[1]) : nil)
        let ours = try #require(report.statistics.average)
        #expect(report.sent == 20 && report.received == 20)
        // Both are some hundredths of a millisecond; a unit mistaken by 1,000 is what this would find.
        #expect(ours / average < 100 && average / ours < 100, "ours \(ours) ms, fping \(average) ms")
    }
}

/// Runs one ping a target, all at once, and returns their outcomes in order.
func pingAll(
    _ targets: [String], on engine: Engine, _ members: [ParameterValue.Member], timeout: Duration = .seconds(60)
) async throws -> [ProbeOutcome] {
    let tool = try #require(engine.registry["ping"] as? PingTool)
    let probes = try targets.map { try tool.prepare(target: $0, parameters: members) }
    return await withTaskGroup(of: (Int, ProbeOutcome).self) { group in
        for (index, probe) in probes.enumerated() {
            group.addTask { (index, await engine.runInLab(probe, timeout: timeout).outcome) }
        }
        var outcomes = [ProbeOutcome](repeating: ProbeOutcome(), count: probes.count)
        for await (index, outcome) in group { outcomes[index] = outcome }
        return outcomes
    }
}
