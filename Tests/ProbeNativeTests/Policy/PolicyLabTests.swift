import ProbeTesting
import Testing

@testable import ProbeNative

/// Tricks by which a backend would turn a node against its own network, tried in a lab whose kernel counts what leaves:
/// nothing that is denied is ever sent a packet, whatever the answer says.
@Suite(.serialized, .enabled(if: NetworkLab.isAvailable, "\(NetworkLab.unavailableReason)"))
struct PolicyLabTests {
    private static let peer = "10.78.0.2"
    private static let metadata = "169.254.169.254"

    private struct Trick: Sendable {
        var tool: String
        var target: String
        var parameters: [ParameterValue.Member] = []

        init(_ tool: String, _ target: String, _ parameters: [String: ParameterValue] = [:]) {
            (self.tool, self.target) = (tool, target)
            self.parameters = parameters.map { ParameterValue.Member($0.key, $0.value) }
        }
    }

    /// Counts packets to what is denied, of whatever program; neighbour discovery is the kernel's own.
    private static let rules = [
        "add table inet watch", "add counter inet watch denied", "add counter inet watch peer",
        "add chain inet watch output { type filter hook output priority 0 ; }",
        """
        add rule inet watch output ip daddr { 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 100.100.100.200, 192.0.0.192, \
        168.63.129.16, 10.78.0.1, 224.0.0.0/4, 240.0.0.0/4 } meta l4proto { tcp, udp, icmp } counter name denied
        """,
        """
        add rule inet watch output ip6 daddr { ::1, ::ffff:0:0/96, 64:ff9b::/96, 2002::/16, fd00:ec2::254, fd78::1, \
        fe80::/10, ff00::/8 } meta l4proto { tcp, udp } counter name denied
        """,
        "add rule inet watch output ip6 daddr { ::1, fd00:ec2::254, fd78::1 } icmpv6 type echo-request counter name denied",
        "add rule inet watch output ip daddr \(peer) counter name peer",
    ]

    private static func inLab(_ body: (NetworkLab) async throws -> Void) async throws {
        try await NetworkLab.with(hosts: 10) { lab in
            let routes = [
                ["route", "add", "default", "via", peer], ["-6", "route", "add", "default", "via", "fd78::2"],
            ]
            for command in rules.map({ ["nft", $0] }) + routes.map({ ["ip"] + $0 }) {
                let result = try await lab.run(command)
                try #require(result.isSuccess, "\(command): \(result.errors)")
            }
            let servers = try lab.start(on: .far, ["python3", Places.testFile("Peers/ssrf_peer.py"), peer])
            _ = try await servers.output.next("ready")
            try await body(lab)
        }
    }

    private static func engine(_ lab: NetworkLab, _ policy: any AddressPolicy) async throws -> Engine {
        try await lab.onThread {
            var configuration = EngineConfiguration()
            configuration.reactors = 1
            configuration.rawSockets = RawSockets.open(reactors: 1)
            configuration.policy = policy
            let server = SocketAddress(try #require(IPAddress(peer)), port: 53)
            configuration.resolver = ResolverConfiguration(
                settings: .fixed(ResolverSettings(servers: [server])), hostsFile: nil)
            return try Engine(configuration, registry: .builtIn(ping: PingLane.open(workers: 2)))
        }
    }

    /// As a node has it, with the addresses of the lab.
    private static func policy(_ lab: NetworkLab) async throws -> TargetPolicy {
        var policy = TargetPolicy()
        let own = try await lab.onThread { OwnAddresses.interfaces() }
        policy.own = OwnAddresses { own }
        return policy
    }

    private static func packets(_ lab: NetworkLab, _ counter: String) async throws -> Int {
        let result = try await lab.run(["nft", "list", "counter", "inet", "watch", counter])
        let words = result.output.split(whereSeparator: \.isWhitespace)
        let index = try #require(words.firstIndex(of: "packets"))
        return try #require(Int(words[index + 1]))
    }

    /// What came of a job: `success`, its code, or `refused` where it is no job.
    private static func outcome(_ trick: Trick, _ engine: Engine) async throws -> String {
        let tool = try #require(engine.registry[trick.tool])
        guard let probe = try? tool.prepare(target: trick.target, parameters: trick.parameters) else {
            return "refused"
        }
        return await engine.runInLab(probe, timeout: .seconds(30)).outcome.failure?.code.rawValue ?? "success"
    }

    private static let tricks: [Trick] =
        [
            "http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/", "http://2852039166/",
            "http://0xa9.0xfe.0xa9.0xfe/", "http://0251.0376.0251.0376/", "http://169.254.169.254.:80/",
            "http://good.test@169.254.169.254/", "http://169。254。169。254/", "http://127.1/", "http://127.0.0.1:80/",
            "http://[::1]/", "http://[fe80::1%25near0]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[2002:a9fe:a9fe::1]/",
            "http://[fd00:ec2::254]/", "http://0/", "http://meta.test/", "http://mixed.test/", "http://alias.test/",
            "http://carried.test/", "http://mapped.test/", "http://near.test/", "http://10.78.0.1/",
            "http://good.test:25/",
            "http://good.test/to?http://169.254.169.254/", "http://good.test/to?http://127.0.0.1/",
            "http://good.test/to?//meta.test/", "http://good.test/to?http://[::1]/",
            "http://good.test/to?http://10.78.0.1/",
            "http://good.test/to?http://good.test/to?http://alias.test/",
            "http://a.rebind.test/to?http://a.rebind.test/",
        ].map { Trick("http", $0) } + [
            Trick("http", "http://good.test/", ["resolve_to": .string(metadata)]),
            Trick("http", "http://good.test/", ["resolver": .string(metadata)]),
            Trick("http", "http://good.test/", ["resolver": .string("127.0.0.1")]),
            Trick("http", "http://mixed.test/", ["resolver": .string(peer)]),
            Trick("http", "http://good.test/", ["proxy": .string("http://\(peer):80")]),
            Trick("http", "http://good.test/", ["proxy": .string("http://\(metadata):80")]),
            Trick("dns", "good.test", ["resolver": .string(metadata)]),
            Trick("dns", "good.test", ["resolver": .string("meta.test")]),
            Trick(
                "dns", "good.test",
                ["resolver": .string("https://\(metadata)/dns-query"), "transport": .string("https")]),
            Trick("reverse_dns", "8.8.8.8", ["resolver": .string(metadata)]),
            Trick("ping", metadata), Trick("ping", "127.0.0.1"), Trick("ping", "::1"), Trick("ping", "meta.test"),
            Trick("ping", "224.0.0.1"), Trick("ping", "255.255.255.255"), Trick("ping", "0.0.0.0"),
            Trick("ping", metadata, ["protocol": .string("tcp"), "port": .integer(80)]),
            Trick("ping", metadata, ["engine": .string("raw")]),
            Trick("ping", metadata, ["engine": .string("datagram")]),
            Trick("traceroute", metadata), Trick("traceroute", "alias.test", ["protocol": .string("tcp")]),
            Trick("mtr", "meta.test"), Trick("path_mtu", metadata), Trick("port_check", "meta.test"),
            Trick("port_check", "127.0.0.1", ["ports": .string("80"), "protocol": .string("udp")]),
            Trick("port_check", peer, ["ports": .string("1-2000")]),
            Trick("tcp", "127.0.0.1", ["port": .integer(80)]), Trick("tcp", "good.test", ["port": .integer(25)]),
            Trick("tls", "meta.test"), Trick("tls", "meta.test", ["starttls": .string("smtp"), "port": .integer(587)]),
            Trick("websocket", "ws://127.0.0.1/"), Trick("websocket", "ws://meta.test/"),
            Trick("whois", "example.com", ["server": .string(peer)]),
            Trick("whois", "example.com", ["server": .string(metadata)]),
            Trick("whois", "example.com", ["rdap": .bool(true), "rdap_bootstrap": .string("http://\(metadata)/")]),
            Trick(
                "whois", "example.com",
                ["rdap": .bool(true), "server": .string("http://\(peer)/to?http://\(metadata)/")]),
            Trick("ntp", metadata), Trick("ntp", "near.test"),
        ]

    @Test func nothingDeniedIsEverSentAPacket() async throws {
        try await Self.inLab { lab in
            let engine = try await Self.engine(lab, try await Self.policy(lab))
            defer { engine.stop() }
            // Start-up pinged this machine itself, to make liboping's sockets.
            let before = try await Self.packets(lab, "denied")
            // What is allowed works, and is seen by the counters.
            for allowed in [Trick("http", "http://good.test/"), Trick("http", "http://b.rebind.test/")] {
                #expect(try await Self.outcome(allowed, engine) == "success", "\(allowed.target)")
            }
            #expect(try await Self.packets(lab, "peer") > 0)
            // The name has another address by now.
            #expect(try await Self.outcome(Trick("http", "http://b.rebind.test/"), engine) == "policy_denied")
            for trick in Self.tricks {
                let outcome = try await Self.outcome(trick, engine)
                #expect(
                    ["policy_denied", "refused", "invalid_target", "invalid_parameters"].contains(outcome),
                    "\(trick): \(outcome)")
                let denied = try await Self.packets(lab, "denied")
                try #require(denied == before, "\(trick)")
            }
            // The counter can count.
            let open = try await Self.engine(lab, AllowAll())
            defer { open.stop() }
            let opened = try await Self.packets(lab, "denied")
            _ = try await Self.outcome(
                Trick("port_check", Self.metadata, ["ports": .string("80"), "timeout": .number(1)]), open)
            #expect(try await Self.packets(lab, "denied") > opened)
        }
    }
}
