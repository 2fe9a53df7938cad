import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

/// Five thousand echo requests at once on the raw engine, three in ten to hosts that never answer.
@Suite(.serialized, .enabled(if: NetworkLab.isAvailable && PathLab.isAvailable, "\(PathLab.unavailableReason)"))
struct PingLoadTests {
    /// What SO_RCVBUF is on many hosts.
    private static let smallBuffer = 212_992

    @Test(arguments: [smallBuffer, RawSockets.defaultReceiveBuffer])
    func fiveThousandHostsAtOnce(_ receiveBuffer: Int) async throws {
        try await PingNode.inside(hosts: 5000, workers: 1, receiveBuffer: receiveBuffer) { lab, node in
            for (name, host) in [("echo4", NetworkLab.host4), ("echo6", NetworkLab.host6)] {
                let outcomes = try await pingAll(
                    (1...5000).map(host), on: node.engine,
                    [.init("count", .integer(1)), .init("timeout_ms", .integer(5000))] + .engine(.raw),
                    timeout: .seconds(120))
                for (index, outcome) in zip(1...5000, outcomes) {
                    let report = try #require(outcome.report as? PingReport)
                    #expect(report.received == (NetworkLab.isSilent(index) ? 0 : 1), "\(host(index))")
                    #expect(report.packets.allSatisfy { $0.from == nil || $0.from == IPAddress(host(index)) })
                }
                // Where a machine under load let the buffer run over, it was counted, and what was lost was sent again.
                let sent = try #require(try await lab.counters()[name])
                let overflow = outcomes.compactMap(\.quality.receiveOverflow).reduce(0, +)
                #expect(overflow == 0 ? sent == 5000 : sent >= 5000)
            }
        }
    }

    /// All of them are on the way at the same moment: the router holds each for some seconds. So many as are sent in that
    /// time come back as they were sent, into a buffer that has room for 277.
    @Test func fiveThousandOnTheWayAtOnce() async throws {
        try await PingNode.onPath(receiveBuffer: Self.smallBuffer) { lab, node in
            try await lab.forwarder.delay(forward: .seconds(4), back: .seconds(4))
            let threads = try probingThreads()
            // Target 14 never answers.
            let targets = (0..<5000).map { PathLab.target(.v4, $0 % 10 < 3 ? 14 : 1 + $0 % 9) }
            let outcomes = try await pingAll(
                targets, on: node.engine,
                [.init("count", .integer(1)), .init("timeout_ms", .integer(20000))] + .engine(.raw),
                timeout: .seconds(180))
            #expect(try probingThreads().isSubset(of: threads), "no thread but the reactors' takes part")
            for (target, outcome) in zip(targets, outcomes) {
                let report = try #require(outcome.report as? PingReport)
                let isSilent = target == PathLab.target(.v4, 14)
                #expect(report.received == (isSilent ? 0 : 1), "\(target): \(report.packets)")
                #expect(report.packets.allSatisfy { $0.from == nil || $0.from == IPAddress(target) })
                #expect(report.packets.allSatisfy { ($0.rtt ?? .seconds(8)) >= .seconds(8) })
            }
            let dropped = try #require(try await lab.counters(of: .far)["dropped"])
            let overflow = outcomes.compactMap(\.quality.receiveOverflow).reduce(0, +)
            #expect(overflow == 0 ? dropped == 1500 : dropped >= 1500)
        }
    }

    /// The threads of this process that send packets: reactors and liboping's, of all tests so far. Those of earlier
    /// tests may be about to end.
    private func probingThreads() throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")).filter { task in
            // A thread may end meanwhile.
            let name = try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8)
            return name?.hasPrefix("reactor-") == true || name?.hasPrefix("ping-") == true
        }
    }
}
