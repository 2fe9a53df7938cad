import ProbeTesting
import Testing

@testable import ProbeNative

/// Firewalls, missing hosts and missing local ports, in namespaces of our own.
@Suite(.serialized, .enabled(if: NetworkLab.isAvailable, "\(NetworkLab.unavailableReason)"))
struct PortCheckLabTests {
    private static let target4 = NetworkLab.host4(1)
    /// Of its own: errors about it come from itself.
    private static let target6 = "fd78::2"

    private func inside(
        _ body: (NetworkLab, OneToolBench<PortCheckTool>) async throws -> Void
    ) async throws {
        try await NetworkLab.with(hosts: 9) { lab in
            // The kernel's own limits on ICMP errors are not what is tested.
            for setting in ["net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0"] {
                #expect(try await lab.run(on: .far, ["sysctl", "-qw", setting]).isSuccess)
            }
            let bench = try await lab.onThread { try OneToolBench(PortCheckTool()) }
            defer { bench.stop() }
            try await body(lab, bench)
        }
    }

    /// Port 80 is open over both protocols, 81 is dropped, 82 to 86 are rejected in five ways, 87 is closed.
    private func firewall(_ lab: NetworkLab) async throws -> ChildProcess {
        for (port, verdict) in [
            (81, "drop"), (83, "reject with icmpx admin-prohibited"), (84, "reject with icmpx port-unreachable"),
            (85, "reject with icmpx host-unreachable"), (86, "reject with icmpx no-route"),
        ] {
            try await lab.nft("add rule inet probe input th dport \(port) \(verdict)")
        }
        try await lab.nft("add rule inet probe input tcp dport 82 reject with tcp reset")
        let server = """
            import socket, sys
            listener = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
            answers = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            answers.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            IPV6_RECVPKTINFO = 49
            answers.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
            answers.bind(("::", 80))
            print("ready", flush=True)
            while True:
                data, control, _, peer = answers.recvmsg(2048, 256)
                # From the address that was asked: the host has hundreds.
                info = [(level, kind, value) for level, kind, value in control if kind == 50]
                try:
                    answers.sendmsg([b"hello"], info, 0, peer)
                except OSError as error:
                    print(error, flush=True)
            """
        let process = try lab.start(on: .far, ["/usr/bin/python3", "-c", server])
        _ = try await process.output.next("ready")
        return process
    }

    private func reasons(_ result: ProbeResult) throws -> [UInt16: String] {
        let report = try #require(result.outcome.report as? PortCheckReport)
        return Dictionary(
            uniqueKeysWithValues: report.entries.map { ($0.port, "\($0.state.rawValue) \($0.reason.rawValue)") })
    }

    @Test func eachWayOfRefusingATCPConnectionHasItsName() async throws {
        try await inside { lab, bench in
            let server = try await firewall(lab)
            for target in [Self.target4, Self.target6] {
                let result = try await bench.run(target, ["ports": .string("80-87"), "timeout_ms": .integer(1000)])
                #expect(result.outcome.failure == nil)
                #expect(
                    try reasons(result) == [
                        80: "open syn_ack", 81: "filtered no_response", 82: "closed reset", 83: "filtered prohibited",
                        84: "filtered port_unreachable", 85: "unreachable host_unreachable",
                        86: "unreachable network_unreachable", 87: "closed reset",
                    ], "\(target)")
                // nmap's raw scan sees what we see; its connect scan takes a rejecting firewall for a closed port.
                let states = try #require(result.outcome.report as? PortCheckReport).states
                for (scan, ports) in [("-sS", Array(80...87)), ("-sT", [80, 81, 82, 85, 86, 87])] {
                    let seen = try await lab.run(["nmap"] + Nmap.arguments(target, ports, scan))
                    #expect(
                        Nmap.states(in: seen.output) == states.filter { ports.contains($0.key) }, "\(target) \(scan)")
                }
            }
            await server.stop()
        }
    }

    @Test func eachWayOfRefusingADatagramHasItsName() async throws {
        try await inside { lab, bench in
            let server = try await firewall(lab)
            for target in [Self.target4, Self.target6] {
                let ports = [80, 81, 83, 84, 85, 86, 87]
                let result = try await bench.run(
                    target,
                    [
                        "ports": .array(ports.map { .integer(Int64($0)) }), "protocol": .string("udp"),
                        "timeout_ms": .integer(1000),
                    ])
                #expect(result.outcome.failure == nil)
                #expect(
                    try reasons(result) == [
                        80: "open udp_response", 81: "open_filtered no_response", 83: "filtered prohibited",
                        84: "closed port_unreachable", 85: "unreachable host_unreachable",
                        86: "unreachable network_unreachable", 87: "closed port_unreachable",
                    ], "\(target)")
                let seen = try await lab.run(["nmap"] + Nmap.arguments(target, ports, "-sU"), within: .seconds(120))
                let states = try #require(result.outcome.report as? PortCheckReport).states
                #expect(Nmap.states(in: seen.output) == states, "\(target): \(seen.output)\(seen.errors)")
            }
            await server.stop()
        }
    }

    /// Far's kernel answers for the addresses of fd77::/64 by the one that it has: like a router on the way.
    @Test func whatAnotherSaysAboutADatagramIsNotTheHostsWord() async throws {
        try await inside { lab, bench in
            let target = NetworkLab.host6(1)
            let result = try await bench.run(target, ["ports": .integer(87), "protocol": .string("udp")])
            let report = try #require(result.outcome.report as? PortCheckReport)
            #expect(report.entries.map(\.state) == [.filtered] && report.entries.map(\.reason) == [.portUnreachable])
            #expect(report.entries.map(\.sender) == [IPAddress("fd78::2")])
            let seen = try await lab.run(["nmap"] + Nmap.arguments(target, [87], "-sU"), within: .seconds(120))
            #expect(Nmap.states(in: seen.output) == report.states)
        }
    }

    @Test func aHostThatIsNotThereIsAFailureOfTheJob() async throws {
        try await inside { _, bench in
            let missing = try await bench.run(
                "10.78.0.99", ["ports": .string("80-82"), "timeout_ms": .integer(30000)])
            #expect(missing.code == .hostUnreachable && missing.stage == .connect)
            #expect((missing.outcome.report as? PortCheckReport)?.count(.unreachable) == 3)
            let noRoute = try await bench.run("192.0.2.1", ["ports": .integer(80)])
            #expect(noRoute.code == .networkUnreachable && noRoute.stage == .request)
        }
    }

    /// Every local port is somebody else's: not the target's fault, and worth waiting for.
    @Test func missingLocalPortsAreTheNodesOwn() async throws {
        try await inside { lab, bench in
            #expect(
                try await lab.run(["sysctl", "-qw", "net.ipv4.ip_local_port_range=40000 40009"]).isSuccess)
            let holder = """
                import socket, sys
                held = [socket.socket() for _ in range(10)]
                for number, one in enumerate(held):
                    one.bind(("0.0.0.0", 40000 + number))
                print("ready", flush=True)
                sys.stdin.read()
                """
            let process = try lab.start(["/usr/bin/python3", "-c", holder])
            _ = try await process.output.next("ready")
            let starved = try await bench.run(
                Self.target4, ["ports": .string("80-89")], timeout: .milliseconds(500.0))
            #expect(starved.code == .localResourceExhausted && starved.stage == .connect)
            #expect((starved.outcome.report as? PortCheckReport)?.findings.isEmpty == true)
            let (_, results) = try bench.start(Self.target4, ["ports": .string("80-89")])
            await process.stop()
            let result = try await results.next()
            #expect(result.outcome.failure == nil)
            #expect((result.outcome.report as? PortCheckReport)?.count(.closed) == 10)
        }
    }
}
