import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct TargetPolicyTests {
    private static let tools = ["ping", "tcp", "http", "port_check"]

    private static func policy(allow: [String] = [], deny: [String] = [], private isDenied: Bool = false)
        throws -> TargetPolicy
    {
        var policy = TargetPolicy()
        policy.allow = try allow.map { try #require(PolicyRule($0, tools: tools)) }
        policy.deny = try deny.map { try #require(PolicyRule($0, tools: tools)) }
        policy.deniesPrivate = isDenied
        return policy
    }

    private static func isDenied(
        _ policy: TargetPolicy, _ text: String, tool: String = "http", _ purpose: Purpose = .target, port: UInt16? = 80
    ) throws -> Bool {
        let address = try #require(IPAddress(text))
        return policy.denial(of: PolicyRequest(tool: tool, purpose: purpose, address: address, port: port)) != nil
    }

    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "169.254.169.254", "169.254.1.1", "100.100.100.200",
        "192.0.0.192", "168.63.129.16", "192.0.2.1", "192.88.99.1", "198.51.100.9", "203.0.113.1", "224.0.0.1",
        "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fd00:ec2::254", "ff02::1",
        "2001:db8::1", "100::1", "4000::1", "64:ff9b:1::7f00:1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
        "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1",
        "2002:a9fe:a9fe::1", "2001:0:7f00:1::1", "2001:0:808:808::80ff:fffe", "2606:4700::5efe:127.0.0.1",
        "2606:4700::200:5efe:169.254.169.254", "fe80::5efe:8.8.8.8", "3fff::1", "5f00::1",
    ])
    func isDeniedByDefault(_ text: String) throws {
        #expect(try Self.isDenied(Self.policy(), text))
        #expect(try Self.isDenied(Self.policy(), text, tool: "ping", port: nil))
        #expect(try !Self.isDenied(Self.policy(), text, .systemResolver, port: 53))
        #expect(try Self.isDenied(Self.policy(), text, .namedResolver, port: 53))
        var oneShot = TargetPolicy()
        oneShot.hasDefaults = false
        #expect(try !Self.isDenied(oneShot, text))
    }

    @Test(arguments: [
        "8.8.8.8", "1.0.0.1", "126.255.255.255", "128.0.0.1", "169.253.1.1", "223.255.255.255", "100.100.100.201",
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12::1", "2606:4700::1111", "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8", "2002:808:808::1",
    ])
    func isAllowedByDefault(_ text: String) throws { #expect(try !Self.isDenied(Self.policy(), text)) }

    @Test(arguments: [
        "10.0.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "198.18.0.1", "fd12::1", "fec0::1",
        "::ffff:10.0.0.1", "64:ff9b::192.168.0.1", "2002:a00:1::1",
    ])
    func privateOnesCanBeDenied(_ text: String) throws {
        #expect(try Self.isDenied(Self.policy(private: true), text))
        #expect(try !Self.isDenied(Self.policy(private: true), "172.32.0.1"))
    }

    @Test func anExplicitDenyBeatsAnExplicitAllowWhichBeatsTheDefaults() throws {
        let policy = try Self.policy(allow: ["127.0.0.0/8"], deny: ["127.0.0.2"])
        #expect(try !Self.isDenied(policy, "127.0.0.1"))
        #expect(try Self.isDenied(policy, "127.0.0.2"))
        #expect(try !Self.isDenied(policy, "::ffff:127.0.0.1"))
        #expect(try Self.isDenied(policy, "::ffff:127.0.0.2"))
        #expect(try Self.isDenied(policy, "::1"))
    }

    @Test func rulesAreBoundToPortsAndTools() throws {
        let allowing = try Self.policy(allow: ["127.0.0.1+port=8000-8009+tool=http"])
        #expect(try !Self.isDenied(allowing, "127.0.0.1", port: 8009))
        #expect(try Self.isDenied(allowing, "127.0.0.1", port: 8010))
        #expect(try Self.isDenied(allowing, "127.0.0.1", tool: "tcp", port: 8009))
        #expect(try Self.isDenied(allowing, "127.0.0.1", tool: "ping", port: nil))
        let denying = try Self.policy(deny: ["any+port=22", "any+tool=ping"])
        #expect(try Self.isDenied(denying, "8.8.8.8", port: 22))
        #expect(try !Self.isDenied(denying, "8.8.8.8", port: 23))
        #expect(try Self.isDenied(denying, "8.8.8.8", tool: "ping", port: nil))
    }

    @Test(arguments: [25, 465, 587, 2525] as [UInt16])
    func mailPortsAreRefusedToWhoeverSpeaks(_ port: UInt16) throws {
        let policy = try Self.policy()
        for tool in ["tcp", "http", "websocket"] {
            #expect(try Self.isDenied(policy, "8.8.8.8", tool: tool, port: port))
        }
        #expect(try !Self.isDenied(policy, "8.8.8.8", tool: "port_check", port: port))
        #expect(try Self.isDenied(policy, "8.8.8.8", tool: "port_check", .banner, port: port))
        #expect(try !Self.isDenied(Self.policy(allow: ["any+port=\(port)"]), "8.8.8.8", port: port))
        // What opens a port everywhere does not open this machine.
        #expect(try Self.isDenied(Self.policy(allow: ["any+port=\(port)"]), "127.0.0.1", port: port))
    }

    @Test func aProxyNeedsARule() throws {
        #expect(try Self.isDenied(Self.policy(), "8.8.8.8", .proxy, port: 3128))
        #expect(try !Self.isDenied(Self.policy(allow: ["8.8.8.8+port=3128"]), "8.8.8.8", .proxy, port: 3128))
    }

    @Test func aNameOfWhichOneAddressIsDeniedIsDenied() throws {
        let (good, bad) = (try #require(IPAddress("8.8.8.8")), try #require(IPAddress("169.254.169.254")))
        let policy = try Self.policy()
        #expect(policy.denial(ofName: "x.example", addresses: [good], tool: "http") == nil)
        #expect(policy.denial(ofName: "x.example", addresses: [good, bad], tool: "http")?.contains("metadata") == true)
        let home = try #require(IPAddress("127.0.0.1"))
        let allowing = try Self.policy(allow: ["127.0.0.1+port=8080+tool=http"])
        #expect(allowing.denial(ofName: "x.example", addresses: [home], tool: "http") == nil)
        #expect(allowing.denial(ofName: "x.example", addresses: [home], tool: "tcp") != nil)
    }

    @Test func namesAreDeniedByPattern() throws {
        let policy = try Self.policy(deny: ["*.internal.example", "db.example+tool=tcp"])
        for name in ["a.internal.example", "A.B.internal.example."] {
            #expect(policy.denial(ofName: name, addresses: [], tool: "http") != nil)
        }
        for name in ["internal.example", "xinternal.example", "internal.example.org", "db.example"] {
            #expect(policy.denial(ofName: name, addresses: [], tool: "http") == nil)
        }
        #expect(policy.denial(ofName: "db.example", addresses: [], tool: "tcp") != nil)
    }

    @Test func theNodesOwnAddressesAreReadAnew() throws {
        let (time, read) = (ManualTime(), Locked<Set<IPAddress>?>([try #require(IPAddress("10.0.0.5"))]))
        var policy = TargetPolicy()
        policy.own = OwnAddresses(time: time) { read.withLock { $0 } }
        #expect(try Self.isDenied(policy, "10.0.0.5"))
        #expect(try !Self.isDenied(policy, "10.0.0.6"))
        read.withLock { $0 = [IPAddress(v4: 0x0a00_0006)] }
        #expect(try Self.isDenied(policy, "10.0.0.5"))
        time.advance(by: .seconds(31))
        #expect(try !Self.isDenied(policy, "10.0.0.5"))
        #expect(try Self.isDenied(policy, "10.0.0.6"))
        read.withLock { $0 = nil }
        time.advance(by: .seconds(31))
        #expect(try Self.isDenied(policy, "10.0.0.6"))
        #expect(OwnAddresses.interfaces()?.contains(IPAddress(v4: 0x7f00_0001)) == true)
    }

    @Test func manyPortsNeedARule() throws {
        func ports(_ rules: [String]) throws -> Int {
            try Self.policy(allow: rules).portsPerJob(at: try #require(IPAddress("10.1.2.3")), tool: "port_check")
        }
        #expect(try ports([]) == 1024)
        #expect(try ports(["11.0.0.0/8", "any+tool=ping", "10.0.0.0/8+port=80"]) == 1024)
        #expect(try ports(["10.0.0.0/8"]) == 65535)
        #expect(try ports(["any+tool=port_check"]) == 65535)
    }

    @Test(arguments: [
        "", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::1/129", "2001:db8::1/32", "300.1.1.1",
        "any+port=", "any+port=70000", "any+port=9-1", "any+tool=teapot", "any+port=1+port=2", "any+", "a b",
        "*.", "0x7f.1", "any+shape=round", "db.example.com+port=22", "*.example.com+port=1-9",
    ])
    func isNoRule(_ text: String) { #expect(PolicyRule(text, tools: Self.tools) == nil) }

    @Test func blocksEndWhereTheyShould() throws {
        for (text, inside, outside) in [
            ("0.0.0.0/0", "255.1.2.3", "::1"), ("10.0.0.0/7", "11.255.255.255", "12.0.0.0"),
            ("1.2.3.4", "1.2.3.4", "1.2.3.5"), ("::/0", "ffff::", "1.2.3.4"), ("fe80::/10", "febf::1", "fec0::"),
            ("2001:db8::/64", "2001:db8::ffff:0:0:1", "2001:db8:0:1::"),
            ("2001:db8::8/125", "2001:db8::f", "2001:db8::10"),
        ] {
            let block = try #require(AddressBlock(text))
            let (near, far) = (try #require(IPAddress(inside)), try #require(IPAddress(outside)))
            #expect(block.contains(near))
            #expect(!block.contains(far))
        }
    }

    /// Each text is refused as a target, or it is an address that the policy denies; none is a name to look up.
    @Test func nothingInTheCorpusIsAllowed() throws {
        let text = try String(contentsOfFile: Places.testFile("testdata/ssrf-corpus.txt"), encoding: .utf8)
        let policy = try Self.policy()
        var count = 0
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "\t", maxSplits: 1)
            let target = String(try #require(parts.last))
            let host = parts[0] == "url" ? try? HTTPURL(target: target).host : try? Host(target)
            count += 1
            switch host {
            case nil: continue
            case .address(let address):
                let request = PolicyRequest(tool: "http", purpose: .target, address: address, port: 80)
                #expect(policy.denial(of: request) != nil, "\(line) is \(address), and allowed")
            case .name(let name): Issue.record("\(line) is the name \(name)")
            }
        }
        #expect(count >= 300)
    }
}
