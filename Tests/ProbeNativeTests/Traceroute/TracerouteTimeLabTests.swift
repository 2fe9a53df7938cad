import ProbeTesting
import Testing

@testable import ProbeNative

/// Each round-trip time is the delay that the lab's forwarder logged for that very packet.
@Suite(.serialized, .enabled(if: PathLab.isAvailable, "\(PathLab.unavailableReason)"))
struct TracerouteTimeLabTests {
    @Test func timesAreWhatTheForwarderLogged() async throws {
        try await PathBench.inside { bench in
            try await bench.lab.forwarder.delay(
                forward: .milliseconds(15.0), back: .milliseconds(10.0), jitter: .milliseconds(20.0))
            var attempts: [Double] = []
            // A machine that is busy for a while adds to the time that the forwarder does not see.
            for _ in 0..<5 {
                let errors = try await measure(bench).sorted()
                try #require(errors.count >= 40)
                // Never less than what the packet was held.
                #expect(errors.first ?? -1 > -0.1)
                attempts.append(errors[errors.count / 2])
                if errors[errors.count / 2] <= 0.5 { break }
            }
            #expect(attempts.last ?? 1 <= 0.5, "median errors of the attempts: \(attempts) ms")
        }
    }

    /// Milliseconds that each time is longer than the delays of its packets, all protocols and families.
    private func measure(_ bench: PathBench) async throws -> [Double] {
        var errors: [Double] = []
        for family in IPAddress.Family.allCases {
            for transport in TraceTransport.allCases {
                // The forwarder's own hop, then what is behind the silent one.
                for (first, last) in [(4, 4), (6, 7)] {
                    errors += try await measure(
                        bench, family,
                        [
                            .transport(transport), .init("parallel", .bool(false)), .integer("first_hop", first),
                            .integer("max_hops", last),
                        ])
                }
            }
        }
        return errors
    }

    private func measure(
        _ bench: PathBench, _ family: IPAddress.Family, _ members: [ParameterValue.Member]
    ) async throws -> [Double] {
        let before = try await bench.lab.forwarder.passages().count
        let (report, _) = try await bench.traceroute(PathLab.target(family), members)
        let passages = try await bench.lab.forwarder.passages().dropFirst(before)
        // One after the other: the log has the probes in the order of sending.
        let probes = passages.filter { $0.direction == .forward && $0.family == family && $0.key != "other" }
        let answers = report.hops.flatMap(\.probes)
        try #require(probes.count == answers.count, "\(members)")
        return zip(probes, answers).compactMap { probe, answer in
            guard let answer else { return nil }
            let back = passages.first { $0.direction == .back && $0.key == probe.key }
            #expect((back == nil) == (probe.fate == .expired))
            return (answer.rtt - probe.delay - (back?.delay ?? .zero)).inMilliseconds
        }
    }
}
