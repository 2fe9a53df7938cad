import ProbeTesting
import Synchronization
import Testing

@testable import ProbeNative

/// Pings over a wire of our own, to hosts that answer and hosts that never do.
@Suite(.serialized, .enabled(if: NetworkLab.isAvailable, "\(NetworkLab.unavailableReason)"))
struct PingLabTests {
    @Test(arguments: PingNode.engines)
    func aThousandHostsAThirdOfThemSilent(_ engine: PingParameters.Engine) async throws {
        try await PingNode.inside(hosts: 1000) { lab, node in
            for (name, host) in [("echo4", NetworkLab.host4), ("echo6", NetworkLab.host6)] {
                let outcomes = try await pingAll(
                    (1...1000).map(host), on: node.engine,
                    [
                        .init("count", .integer(2)), .init("interval_ms", .integer(300)),
                        .init("timeout_ms", .integer(300)),
                    ] + .engine(engine))
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

    @Test(arguments: PingNode.engines)
    func repliesFromOthersAreNeverCredited(_ engine: PingParameters.Engine) async throws {
        try await PingNode.inside(hosts: 9) { lab, node in
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
                by: engine, deadline: .seconds(120))
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

    @Test(arguments: PingNode.engines)
    func aFirewallsRefusalIsAValueOfItsOwn(_ engine: PingParameters.Engine) async throws {
        try await PingNode.inside(hosts: 3, workers: 1) { lab, node in
            let rules = """
                table inet near { chain output { type filter hook output priority 0; ip daddr \(NetworkLab.host4(1)) drop; }; }
                """
            #expect(try await lab.run(["nft", rules]).isSuccess)
            let (report, outcome) = try await node.run(
                NetworkLab.host4(1), [.init("count", .integer(2)), .init("interval_ms", .integer(10))], by: engine)
            #expect(report.packets.map(\.status) == [.sendError, .sendError])
            #expect(report.sent == 0 && report.loss == nil)
            #expect(outcome.failure?.code == .permissionDenied)
            #expect(outcome.failure?.stage == .request)
            // The same lane goes on.
            let next = try await node.run(NetworkLab.host4(2), [.init("count", .integer(1))], by: engine)
            #expect(next.outcome.failure == nil)
        }
    }

    @Test(arguments: PingNode.engines) func noRouteIsAValueOfItsOwn(_ engine: PingParameters.Engine) async throws {
        try await PingNode.inside(hosts: 3, workers: 1) { lab, node in
            for target in ["192.0.2.1", "2001:db8::1"] {
                let (report, outcome) = try await node.run(target, [.init("count", .integer(1))], by: engine)
                #expect(report.packets.map(\.status) == [.sendError])
                #expect(outcome.failure?.code == .networkUnreachable)
            }
        }
    }

    @Test func queuedRequestsThatAreCancelledOrTooLateAreNeverSent() async throws {
        try await PingNode.inside(hosts: 9, workers: 1) { lab, node in
            let once = [.init("count", .integer(1)), .init("timeout_ms", .integer(1000))] + .engine(.liboping)
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
        try await PingNode.inside(hosts: 3, workers: 1) { lab, node in
            let (running, outcome) = try await node.start(
                NetworkLab.host4(3), [.init("count", .integer(1)), .init("timeout_ms", .integer(60000))],
                by: .liboping, deadline: .seconds(300))
            try await untilCounter("echo4", is: 1, lab)
            let start = SystemTime().now
            node.lane.interruptOverdue(at: start + .seconds(30))
            node.lane.interruptOverdue(at: start + .seconds(120))
            #expect(await outcome.value.failure?.code == .noReply)
            #expect(SystemTime().now - start < .seconds(30))
            withExtendedLifetime(running) {}
        }
    }

    @Test(arguments: PingNode.engines)
    func lossIsWhatTheFirewallDropped(_ engine: PingParameters.Engine) async throws {
        try await PingNode.inside(hosts: 2) { lab, node in
            for (family, host) in [("icmp", NetworkLab.host4), ("icmpv6", NetworkLab.host6)] {
                let counter = "lost_\(family)"
                try await lab.nft("add counter inet probe \(counter)")
                // Every third host would be silent by itself; these are others.
                try await lab.nft(
                    "add rule inet probe input \(family) type echo-request numgen random mod 100 < 30 "
                        + "counter name \(counter) drop")
                let targets = (0..<20).map { host(3 * $0 + 1) }
                let outcomes = try await pingAll(
                    targets, on: node.engine,
                    [
                        .init("count", .integer(5)), .init("interval_ms", .integer(10)),
                        .init("timeout_ms", .integer(1000)),
                    ]
                        + .engine(engine), timeout: .seconds(120))
                let reports = outcomes.compactMap { $0.report as? PingReport }
                let (sent, received) = (reports.map(\.sent).reduce(0, +), reports.map(\.received).reduce(0, +))
                #expect(sent == 100)
                #expect(try await lab.counters()[counter] == sent - received)
                #expect((1..<100).contains(received))
                // And what the far side counted as come in is what we say we sent.
                #expect(try await lab.counters()[family == "icmp" ? "echo4" : "echo6"] == sent)
            }
        }
    }

    @Test func fpingLosesWhatTheFirewallDropsToo() async throws {
        try await PingNode.inside(hosts: 2) { lab, _ in
            try await lab.nft("add counter inet probe lost")
            try await lab.nft(
                "add rule inet probe input icmp type echo-request numgen random mod 100 < 30 counter name lost drop")
            let targets = (0..<40).map { NetworkLab.host4(3 * $0 + 1) }
            let result = try await lab.run(["fping", "-q", "-c", "10", "-p", "50", "-t", "2000"] + targets)
            // "10.77.0.2 : xmt/rcv/%loss = 10/7/30%, min/avg/max = 0.02/0.05/0.1"
            let lost = result.errors.split(separator: "\n").compactMap { line -> Int? in
                let numbers = line.split(separator: " ").first { $0.hasSuffix("%,") || $0.hasSuffix("%") }?
                    .split(separator: "/").compactMap { Int($0) }
                guard let numbers, numbers.count == 2 else { return nil }
                return numbers[0] - numbers[1]
            }
            #expect(lost.count == 40, "\(result.errors)")
            #expect(try await lab.counters()["lost"] == lost.reduce(0, +))
        }
    }

    @Test func withoutARawSocketDatagramsDo() async throws {
        try await PingNode.inside(hosts: 3, receiveBuffer: nil) { lab, node in
            for (host, silent) in [
                (NetworkLab.host4(1), NetworkLab.host4(3)), (NetworkLab.host6(1), NetworkLab.host6(3)),
            ] {
                let once = [ParameterValue.Member("count", .integer(1)), .init("timeout_ms", .integer(50))]
                let (report, outcome) = try await node.run(host, [.init("count", .integer(1))])
                #expect(report.engine == "datagram" && report.received == 1 && report.packets.first?.ttl == 64)
                #expect(outcome.failure == nil && outcome.quality.clockStepped == false)
                #expect(try await node.run(silent, once).outcome.failure?.code == .noReply)
                // Asked for by name they are not to be had.
                #expect(try await node.run(host, once, by: .liboping).outcome.failure?.code == .permissionDenied)
                #expect(try await node.run(host, once, by: .raw).outcome.failure?.code == .internalError)
            }
            #expect(try await lab.run(["sysctl", "-w", "net.ipv4.ping_group_range=1 0"]).isSuccess)
            let (report, outcome) = try await node.run("no-such-name.invalid", [])
            #expect(outcome.failure == .rawSocketsNotPermitted && report.engine == nil)
        }
    }

    @Test func tcpToASilentHostTimesOut() async throws {
        try await PingNode.inside(hosts: 3, workers: 1) { lab, node in
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

    @Test(arguments: PingNode.engines) func ttlAndTosGoOutAsAsked(_ engine: PingParameters.Engine) async throws {
        try await PingNode.inside(hosts: 3, workers: 1) { lab, node in
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
                        ], by: engine)
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
