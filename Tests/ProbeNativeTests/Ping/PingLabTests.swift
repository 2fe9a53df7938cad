import ProbeTesting
import Synchronization
import Testing

@testable import ProbeNative

/// Pings over a wire of our own, to hosts that answer and hosts that never do.
@Suite(.serialized, .enabled(if: NetworkLab.isAvailable, "\(NetworkLab.unavailableReason)"))
struct PingLabTests {
    /// An engine and a lane whose threads and sockets live in the lab.
    struct Node: Sendable {
        let lane: PingLane
        let engine: Engine

        static func inside<Result>(
            hosts: Int, workers: Int = 16, _ body: (NetworkLab, Node) async throws -> Result
        ) async throws -> Result {
            try await NetworkLab.with(hosts: hosts) { lab in
                let node = try await lab.onThread { () throws -> Node in
                    let lane = PingLane.open(workers: workers)
                    return Node(lane: lane, engine: try Engine(registry: ToolRegistry([PingTool(lane: lane)])))
                }
                defer {
                    node.engine.stop()
                    node.lane.stop()
                }
                return try await body(lab, node)
            }
        }

        func run(_ target: String, _ members: [ParameterValue.Member], timeout: Duration? = nil) async throws
            -> (report: PingReport, outcome: ProbeOutcome)
        {
            let probe = try PingTool(lane: lane).prepare(target: target, parameters: members)
            let outcome = await engine.run(probe, timeout: timeout).outcome
            return (try #require(outcome.report as? PingReport), outcome)
        }

        /// Starts a probe whose first request is in the lane's hands when this returns.
        func start(_ target: String, _ members: [ParameterValue.Member], deadline: Duration) async throws
            -> (RunningProbe, Task<ProbeOutcome, Never>)
        {
            let probe = try PingTool(lane: lane).prepare(target: target, parameters: members)
            let (results, result) = AsyncStream<ProbeOutcome>.makeStream()
            let running = engine.start(probe, deadline: engine.time.now + deadline) { result.yield($0.outcome) }
            let task = Task {
                for await outcome in results { return outcome }
                return ProbeOutcome()
            }
            return (running, task)
        }
    }

    @Test func aThousandHostsAThirdOfThemSilent() async throws {
        try await Node.inside(hosts: 1000) { lab, node in
            for (name, host) in [("echo4", NetworkLab.host4), ("echo6", NetworkLab.host6)] {
                let outcomes = try await pingAll(
                    (1...1000).map(host), on: node.engine,
                    [
                        .init("count", .integer(2)), .init("interval_ms", .integer(300)),
                        .init("timeout_ms", .integer(300)),
                    ])
                var sent = 0
                for (index, outcome) in zip(1...1000, outcomes) {
                    let report = try #require(outcome.report as? PingReport)
                    let isSilent = NetworkLab.isSilent(index)
                    #expect(report.received == (isSilent ? 0 : 2), "\(host(index))")
                    #expect(outcome.failure?.code == (isSilent ? .noReply : nil))
                    let address = IPAddress(host(index))
                    #expect(report.packets.allSatisfy { $0.status != .reply || $0.from == address })
                    sent += report.sent
                }
                // What we say we sent is what the far side counted.
                #expect(try await lab.counters()[name] == sent)
            }
        }
    }

    @Test func repliesFromOthersAreNeverCredited() async throws {
        try await Node.inside(hosts: 9) { lab, node in
            // Every ident, from a wrong address and from the right one, while the silent host is waited for.
            let forger = """
                import socket, struct, sys
                def checksum(data):
                    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
                    total = (total >> 16) + (total & 0xffff)
                    return ~(total + (total >> 16)) & 0xffff
                sockets = []
                for source in (sys.argv[1], sys.argv[2]):
                    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
                    s.bind((source, 0))
                    sockets.append(s)
                for ident in range(65536):
                    for sequence in (0, 1):
                        body = bytes(range(32, 88))
                        head = struct.pack("!BBHHH", 0, 0, 0, ident, sequence)
                        head = struct.pack("!BBHHH", 0, 0, checksum(head + body), ident, sequence)
                        for s in sockets:
                            s.sendto(head + body, ("10.78.0.1", 0))
                print("done", flush=True)
                """
            let (running, outcome) = try await node.start(
                NetworkLab.host4(3), [.init("count", .integer(1)), .init("timeout_ms", .integer(60000))],
                deadline: .seconds(120))
            try await untilCounter("echo4", is: 1, lab)
            let result = try await lab.run(
                on: .far, ["/usr/bin/python3", "-c", forger, NetworkLab.host4(1), NetworkLab.host4(3)])
            #expect(result.lines == ["done"], "\(result.errors)")
            running.stop(.cancelled)
            #expect((await outcome.value.report as? PingReport)?.received == 0)
            // The forgeries did arrive: nstat counts echo replies that this side's kernel took in.
            let seen = try await lab.run(["nstat", "-asz", "IcmpInEchoReps"])
            let count = seen.lines.last?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
            #expect(try #require(count) >= 4 * 65536 / 2, "\(seen.output)")
        }
    }

    @Test func aFirewallsRefusalIsAValueOfItsOwn() async throws {
        try await Node.inside(hosts: 3, workers: 1) { lab, node in
            let rules = """
                table inet near { chain output { type filter hook output priority 0; ip daddr \(NetworkLab.host4(1)) drop; }; }
                """
            #expect(try await lab.run(["nft", rules]).isSuccess)
            let (report, outcome) = try await node.run(
                NetworkLab.host4(1), [.init("count", .integer(2)), .init("interval_ms", .integer(10))])
            #expect(report.packets.map(\.status) == [.sendError, .sendError])
            #expect(report.sent == 0 && report.loss == nil)
            #expect(outcome.failure?.code == .permissionDenied)
            #expect(outcome.failure?.stage == .request)
            // The same lane goes on.
            #expect(try await node.run(NetworkLab.host4(2), [.init("count", .integer(1))]).outcome.failure == nil)
        }
    }

    @Test func noRouteIsAValueOfItsOwn() async throws {
        try await Node.inside(hosts: 3, workers: 1) { lab, node in
            for target in ["192.0.2.1", "2001:db8::1"] {
                let (report, outcome) = try await node.run(target, [.init("count", .integer(1))])
                #expect(report.packets.map(\.status) == [.sendError])
                #expect(outcome.failure?.code == .networkUnreachable)
            }
        }
    }

    @Test func queuedRequestsThatAreCancelledOrTooLateAreNeverSent() async throws {
        try await Node.inside(hosts: 9, workers: 1) { lab, node in
            let once: [ParameterValue.Member] = [.init("count", .integer(1)), .init("timeout_ms", .integer(1000))]
            // The one worker waits for a silent host.
            let (_, busy) = try await node.start(NetworkLab.host4(3), once, deadline: .seconds(30))
            try await untilCounter("echo4", is: 1, lab)
            let (cancelled, first) = try await node.start(NetworkLab.host4(1), once, deadline: .seconds(30))
            cancelled.stop(.cancelled)
            let (_, second) = try await node.start(NetworkLab.host4(2), once, deadline: .milliseconds(100))
            #expect(await first.value.failure?.code == .cancelled)
            #expect(await second.value.failure?.code == .deadlineExceeded)
            #expect(await busy.value.failure?.code == .noReply)
            // The lane is free again and works; nothing but this one was sent after the first.
            #expect(try await node.run(NetworkLab.host4(4), once).outcome.failure == nil)
            #expect(try await lab.counters()["echo4"] == 2)
        }
    }

    @Test func anOverdueCallIsInterrupted() async throws {
        try await Node.inside(hosts: 3, workers: 1) { lab, node in
            let (running, outcome) = try await node.start(
                NetworkLab.host4(3), [.init("count", .integer(1)), .init("timeout_ms", .integer(60000))],
                deadline: .seconds(300))
            try await untilCounter("echo4", is: 1, lab)
            let start = SystemTime().now
            node.lane.interruptOverdue(at: start + .seconds(30))
            node.lane.interruptOverdue(at: start + .seconds(120))
            #expect(await outcome.value.failure?.code == .noReply)
            #expect(SystemTime().now - start < .seconds(30))
            withExtendedLifetime(running) {}
        }
    }

    @Test func tcpToASilentHostTimesOut() async throws {
        try await Node.inside(hosts: 3, workers: 1) { lab, node in
            let members: [ParameterValue.Member] = [
                .init("protocol", .string("tcp")), .init("count", .integer(2)), .init("interval_ms", .integer(10)),
                .init("timeout_ms", .integer(50)),
            ]
            let (report, outcome) = try await node.run(NetworkLab.host6(3), members)
            #expect(report.packets.map(\.status) == [.timeout, .timeout])
            #expect(outcome.failure?.code == .noReply)
            #expect(try await node.run(NetworkLab.host6(1), members).report.received == 2)
        }
    }

    @Test func ttlAndTosGoOutAsAsked() async throws {
        try await Node.inside(hosts: 3, workers: 1) { lab, node in
            try await lab.nft("add counter inet probe marked")
            for rule in ["ip ttl 17 ip dscp 46", "ip6 hoplimit 17 ip6 dscp 46"] {
                try await lab.nft("insert rule inet probe input \(rule) counter name marked")
            }
            for target in [NetworkLab.host4(1), NetworkLab.host6(1)] {
                for ttl: Int64 in [17, 64] {
                    let (report, _) = try await node.run(
                        target,
                        [
                            .init("count", .integer(2)), .init("interval_ms", .integer(10)),
                            .init("ttl", .integer(ttl)), .init("tos", .integer(46 << 2)),
                        ])
                    #expect(report.received == 2)
                }
            }
            #expect(try await lab.counters()["marked"] == 4)
        }
    }

    /// Returns once the far side has counted so many requests: they were sent.
    private func untilCounter(_ name: String, is count: Int, _ lab: NetworkLab) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while try await lab.counters()[name] != count {
            try #require(ContinuousClock.now < end, "\(name) never came to \(count)")
        }
    }
}
