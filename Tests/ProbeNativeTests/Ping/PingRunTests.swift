import ProbeTesting
import Testing

@testable import ProbeNative

/// What a ping makes of what its engine tells.
@Suite struct PingRunTests {
    private final class ScriptedEngine: EchoEngine {
        let name = "scripted"
        let receiveOverflow: Int? = 3
        private var results: [EchoResult]
        private var strays: [Int: [EchoStray]]
        private(set) var sent: [Int] = []

        /// - Parameter strays: by how many packets were sent when they are taken.
        init(_ results: [EchoResult], strays: [Int: [EchoStray]] = [:]) {
            self.results = results
            self.strays = strays
        }

        func send(_ echo: Echo, in context: ProbeContext) async -> EchoResult {
            sent.append(echo.number)
            return results.removeFirst()
        }

        func takeStrays() -> [EchoStray] { strays.removeValue(forKey: sent.count) ?? [] }
    }

    private static let address = IPAddress(v4: 0x7f00_0001)
    private static let reply = EchoResult(outcome: .reply(rtt: .milliseconds(5), ttl: 64))
    private static let silence = EchoResult(outcome: .timeout)

    private func run(
        count: Int64, _ results: [EchoResult], strays: [Int: [EchoStray]] = [:]
    ) async throws -> (report: PingReport, outcome: ProbeOutcome, sent: [Int]) {
        let reactor = try started()
        defer { reactor.stop() }
        return try await on(reactor) { reactor -> Result<(PingReport, ProbeOutcome, [Int]), any Error> in
            let context = ProbeContext(tool: "ping", reactor: reactor, deadline: reactor.now + .seconds(60))
            var reader = ParameterReader([
                .init("count", .integer(count)), .init("interval_ms", .integer(10)), .init("timeout_ms", .integer(50)),
            ])
            let common = CommonParameters(&reader)
            let parameters = PingParameters(&reader, common)
            let engine = ScriptedEngine(results, strays: strays)
            let run = PingRun(
                parameters, to: Self.address, by: engine, in: context,
                report: PingReport(engine: engine.name, transport: .icmp))
            let outcome = await run.outcome()
            return Result { (try #require(outcome.report as? PingReport), outcome, engine.sent) }
        }.get()
    }

    private func stray(_ number: Int, _ kind: EchoStray.Kind, _ milliseconds: Int) -> EchoStray {
        EchoStray(number: number, kind: kind, rtt: .milliseconds(milliseconds), ttl: 60, from: Self.address)
    }

    @Test func aLateReplyIsNamedAndCountsAsLost() async throws {
        let (report, outcome, _) = try await run(
            count: 3, [Self.silence, Self.reply, Self.reply], strays: [2: [stray(1, .reply, 70)]])
        #expect(report.packets.map(\.status) == [.late, .reply, .reply])
        #expect(report.packets[0].rtt == .milliseconds(70) && report.packets[0].ttl == 60)
        #expect(report.sent == 3 && report.received == 2)
        #expect(report.statistics.maximum == 5, "times are of replies in time")
        #expect(outcome.quality.lateReplies == 1 && outcome.quality.duplicates == nil)
        #expect(outcome.quality.receiveOverflow == 3)
    }

    @Test func duplicatesAreListedAndCountAsNothing() async throws {
        let (report, outcome, _) = try await run(
            count: 2, [Self.reply, Self.reply],
            strays: [1: [stray(1, .duplicate, 6)], 2: [stray(1, .duplicate, 9), stray(2, .duplicate, 6)]])
        #expect(report.packets.map(\.status) == [.reply, .duplicate, .reply, .duplicate, .duplicate])
        #expect(report.packets.map(\.seq) == [1, 1, 2, 1, 2])
        #expect(report.sent == 2 && report.received == 2 && report.loss == 0)
        #expect(report.statistics.jitter == 0)
        #expect(outcome.quality.duplicates == 3)
    }

    @Test func aReplyInTimeOverrulesAnError() async throws {
        let refusal = EchoResult(
            outcome: .unreachable(ProbeFailure(.response, .hostUnreachable, "")), from: Self.address,
            reason: "host_unreachable")
        let (report, outcome, _) = try await run(count: 2, [refusal, refusal], strays: [1: [stray(1, .reply, 20)]])
        #expect(report.packets.map(\.status) == [.reply, .unreachable])
        #expect(report.packets.map(\.reason) == [nil, "host_unreachable"])
        #expect(report.received == 1 && outcome.failure == nil)
    }

    @Test func aLossThatTheNodeMayHaveCausedIsTriedOnceMore() async throws {
        var own = Self.silence
        own.overflowed = true
        let (report, _, sent) = try await run(
            count: 2, [own, Self.reply, own, own], strays: [2: [stray(1, .reply, 90)]])
        #expect(sent == [1, 1, 2, 2])
        #expect(report.packets.map(\.status) == [.reply, .timeout])
    }
}
