import ProbeTesting
import Testing

@testable import ProbeNative

private typealias Member = ParameterValue.Member

/// Pings over a path whose router delays, doubles and holds packets and logs what it did.
@Suite(.serialized, .enabled(if: PathLab.isAvailable, "\(PathLab.unavailableReason)"))
struct PingPathLabTests {
    /// Those that look at ICMP errors and at replies that nobody waits for any more.
    private static let attentive = [PingParameters.Engine.raw, .datagram]

    @Test(arguments: PingNode.engines)
    func eachTimeIsWhatTheRouterSays(_ engine: PingParameters.Engine) async throws {
        try await PingNode.onPath { lab, node in
            try await lab.forwarder.delay(
                forward: .milliseconds(15), back: .milliseconds(10), jitter: .milliseconds(8))
            var medians: [Double] = []
            // On a busy machine a round may be disturbed; wrong times would be wrong in each.
            for round in 0..<8 where medians.allSatisfy({ $0 > 0.5 }) {
                let before = try await lab.forwarder.passages().count
                let family = IPAddress.Family.allCases[round % 2]
                let (report, outcome) = try await node.run(
                    PathLab.target(family), [Member("count", .integer(20)), Member("interval_ms", .integer(10))],
                    by: engine)
                #expect(outcome.failure == nil)
                let passages = try await lab.forwarder.passages().dropFirst(before).filter {
                    $0.key.hasPrefix("icmp:")
                }
                // liboping numbers each packet alike and changes the ident, we the other way round: order it is.
                let forward = passages.filter { $0.direction == .forward }
                let back = Dictionary(passages.filter { $0.direction == .back }.map { ($0.key, $0.delay) }) { $1 }
                try #require(forward.count == 20 && report.received == 20)
                let errors = zip(forward, report.packets).compactMap { passage, packet -> Double? in
                    guard let rtt = packet.rtt, let delay = back[passage.key] else { return nil }
                    return (rtt - passage.delay - delay).inMilliseconds
                }
                try #require(errors.count == 20)
                #expect(errors.allSatisfy { $0 > 0 }, "no reply is faster than the path")
                medians.append(errors.sorted()[10])
            }
            #expect(medians.contains { $0 <= 0.5 }, "\(engine.rawValue): \(medians) ms")
        }
    }

    @Test(arguments: attentive) func duplicatesAreNamed(_ engine: PingParameters.Engine) async throws {
        try await PingNode.onPath { lab, node in
            try await lab.forwarder.duplicate(each: 2)
            for family in IPAddress.Family.allCases {
                let (report, outcome) = try await node.run(
                    PathLab.target(family), [Member("count", .integer(7)), Member("interval_ms", .integer(100))],
                    by: engine)
                // The second, fourth and sixth reply came twice.
                #expect(report.packets.filter { $0.status == .duplicate }.map(\.seq) == [2, 4, 6])
                #expect(report.sent == 7 && report.received == 7 && report.loss == 0)
                #expect(outcome.quality.duplicates == 3 && outcome.failure == nil)
                // An even number of replies, so that the next family begins as this one did.
                _ = try await node.run(PathLab.target(family), [Member("count", .integer(1))], by: engine)
            }
        }
    }

    @Test(arguments: PingNode.engines) func aLateReplyIsCreditedToNoOther(_ engine: PingParameters.Engine) async throws
    {
        try await PingNode.onPath { lab, node in
            for family in IPAddress.Family.allCases {
                let isAttentive = engine != .liboping
                let third = isAttentive ? PingReport.Packet.Status.late : .timeout
                let expected: [PingReport.Packet.Status] = [.reply, .reply, third, .reply, .reply, .timeout]
                let (report, outcome) = try await patiently(
                    [1, 5], until: { $0.0.packets.map(\.status) == expected }
                ) { scale in
                    try await lab.forwarder.late(each: 3, by: .seconds(1) * scale)
                    let measured = try await node.run(
                        PathLab.target(family),
                        [
                            Member("count", .integer(6)), Member("interval_ms", .integer(Int64(400 * scale))),
                            Member("timeout_ms", .integer(Int64(500 * scale))),
                        ], by: engine)
                    // The sixth one's reply is on its way still.
                    try await Task.sleep(for: .milliseconds(700) * scale)
                    return measured
                }
                #expect(report.packets.map(\.status) == expected)
                #expect(report.received == 4 && outcome.failure == nil)
                #expect(outcome.quality.lateReplies == (isAttentive ? 1 : nil))
                let times = report.packets.filter { $0.status == .reply }.compactMap(\.rtt)
                if isAttentive { #expect(try #require(report.packets[2].rtt) >= .seconds(1)) }
                #expect(times.count == 4)
            }
        }
    }

    @Test(arguments: attentive) func refusalsAreNamedWithTheirReason(_ engine: PingParameters.Engine) async throws {
        try await PingNode.onPath { lab, node in
            for family in IPAddress.Family.allCases {
                for (index, reason) in [
                    (10, "host_unreachable"), (11, "network_unreachable"), (12, "prohibited"), (13, "port_unreachable"),
                ] {
                    let (report, outcome) = try await node.run(
                        PathLab.target(family, index),
                        [Member("count", .integer(2)), Member("interval_ms", .integer(10))], by: engine)
                    #expect(report.packets.map(\.status) == [.unreachable, .unreachable], "\(reason)")
                    #expect(report.packets.map(\.reason) == [reason, reason])
                    #expect(report.packets[0].from == IPAddress(PathLab.address(family, link: 8)))
                    let code: ErrorCode = index == 11 ? .networkUnreachable : .hostUnreachable
                    #expect(outcome.failure?.code == code && outcome.failure?.stage == .response)
                    #expect(report.sent == 2 && report.received == 0)
                }
                let (silent, outcome) = try await node.run(
                    PathLab.target(family, 14), [Member("count", .integer(1)), Member("timeout_ms", .integer(100))],
                    by: engine)
                #expect(silent.packets.map(\.status) == [.timeout] && outcome.failure?.code == .noReply)
            }
        }
    }

    @Test(arguments: attentive) func aTTLThatRunsOutIsSaidByItsHop(_ engine: PingParameters.Engine) async throws {
        try await PingNode.onPath { lab, node in
            for family in IPAddress.Family.allCases {
                for (ttl, link) in [(1, 1), (4, 6)] {
                    let (report, _) = try await node.run(
                        PathLab.target(family), [Member("count", .integer(1)), Member("ttl", .integer(Int64(ttl)))],
                        by: engine)
                    #expect(report.packets.map(\.status) == [.unreachable])
                    #expect(report.packets.first?.reason == "ttl_exceeded")
                    #expect(report.packets.first?.from == IPAddress(PathLab.address(family, link: link)))
                }
            }
        }
    }

    @Test(arguments: attentive) func dontFragmentMeetsTheSmallerMTU(_ engine: PingParameters.Engine) async throws {
        try await PingNode.onPath { lab, node in
            for family in IPAddress.Family.allCases {
                let fits = Int64(1400 - 8 - (family == .v4 ? 20 : 40))
                func ping(_ size: Int64, whole: Bool = true) async throws -> (PingReport, ProbeOutcome) {
                    try await node.run(
                        PathLab.target(family),
                        [
                            Member("count", .integer(3)), Member("interval_ms", .integer(10)),
                            Member("size", .integer(size)), Member("dont_fragment", .bool(whole)),
                        ], by: engine)
                }
                #expect(try await ping(fits).0.received == 3)
                let (report, outcome) = try await ping(fits + 1)
                #expect(report.packets.map(\.reason) == Array(repeating: "packet_too_big", count: 3))
                #expect(outcome.failure?.detail.contains("1400") == true, "\(String(describing: outcome.failure))")
                // Larger than the node's own interface takes.
                let (own, failed) = try await ping(1500)
                #expect(own.packets.allSatisfy { $0.status == .sendError } && own.sent == 0)
                #expect(failed.failure?.code == .packetTooBig)
                let (split, _) = try await ping(3000, whole: false)
                if family == .v4 {
                    #expect(split.received == 3)
                } else {
                    // The node has learned the path's MTU by now and sends smaller fragments. The far end cannot learn it:
                    // the silent hop is silent about this, too.
                    #expect(split.packets.map(\.status) == [.timeout, .timeout, .timeout], "\(split.packets)")
                }
            }
        }
    }

    @Test(arguments: attentive) func aSourceOfThisNodeIsTaken(_ engine: PingParameters.Engine) async throws {
        try await PingNode.onPath { lab, node in
            for family in IPAddress.Family.allCases {
                for source in [PathLab.address(family, link: 1, end: 1), "link1"] {
                    let (report, _) = try await node.run(
                        PathLab.target(family), [Member("count", .integer(1)), Member("source", .string(source))],
                        by: engine)
                    #expect(report.received == 1, "\(source)")
                }
                for source in [PathLab.address(family, link: 9), "nosuch0"] {
                    let (report, outcome) = try await node.run(
                        PathLab.target(family), [Member("count", .integer(1)), Member("source", .string(source))],
                        by: engine)
                    #expect(report.sent == 0 && outcome.failure?.detail.contains("source") == true, "\(source)")
                    #expect(outcome.failure?.isMeasurement == false)
                }
            }
        }
    }
}
