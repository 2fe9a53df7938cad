import ProbeTesting
import Testing

@testable import ProbeNative

struct RateLimiterTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func limiter(address: Double = 0, network: Double = 0, node: Double = 0) -> RateLimiter {
        var limits = RateLimits()
        limits.address = address
        limits.network = network
        limits.node = node
        return RateLimiter(limits)
    }

    /// How many of `count` are let through at one instant.
    private func passing(_ limiter: RateLimiter, _ address: String, _ count: Int = 1000, after: Duration = .zero) throws
        -> Int
    {
        let address = try #require(IPAddress(address))
        return (0..<count).count { _ in limiter.refusal(of: address, at: start + after) == nil }
    }

    @Test func aBucketHoldsTenSecondsAndFillsAgain() throws {
        let limiter = limiter(address: 5)
        #expect(try passing(limiter, "8.8.8.8") == 50)
        #expect(try passing(limiter, "8.8.8.8", after: .milliseconds(1000)) == 5)
        #expect(try passing(limiter, "8.8.8.8", after: .seconds(1000)) == 50)
        #expect(try passing(limiter, "8.8.4.4") == 50, "another address has its own")
    }

    @Test(arguments: [
        ("192.168.7.1", "192.168.7.254", "192.168.8.1"), ("2606:4700:1:2::1", "2606:4700:1:3::1", "2606:4700:2::1"),
    ])
    func aNetworkIsA24OrA48(_ first: String, _ neighbour: String, _ stranger: String) throws {
        let limiter = limiter(network: 2)
        #expect(try passing(limiter, first) == 20)
        #expect(try passing(limiter, neighbour) == 0)
        #expect(try passing(limiter, stranger) == 20)
    }

    @Test func anAddressGivenInsteadOfALookUpCounts() async throws {
        var policy = TargetPolicy()
        policy.hasDefaults = false
        policy.limiter = limiter(address: 0.1)
        let bench = try OneToolBench(HTTPTool(), policy: policy)
        defer { bench.stop() }
        let url = "http://a.test:\(try FreePorts.closed())/"
        for code: ErrorCode in [.connectionRefused, .rateLimited] {
            let result = try await bench.run(url, ["resolve_to": .string("127.0.0.1")])
            #expect(result.outcome.failure?.code == code)
        }
    }

    @Test func theNodesLimitIsForAll() throws {
        let limiter = limiter(node: 1)
        #expect(try passing(limiter, "8.8.8.8", 4) == 4)
        #expect(try passing(limiter, "2606:4700::1") == 6)
    }

    @Test func aCarriedAddressIsTheSameAddress() throws {
        let limiter = limiter(address: 1)
        #expect(try passing(limiter, "::ffff:8.8.8.8") == 10)
        #expect(try passing(limiter, "64:ff9b::8.8.8.8") == 0)
        #expect(try passing(limiter, "8.8.8.8") == 0)
    }

    @Test func whatOneBucketRefusesCostsTheOthersNothing() throws {
        let limiter = limiter(address: 1, network: 2)
        #expect(try passing(limiter, "8.8.8.8") == 10)
        #expect(try passing(limiter, "8.8.8.9") == 10)
    }

    @Test func zeroIsNoLimitAndTheSentenceNamesIt() throws {
        #expect(try passing(limiter(), "8.8.8.8") == 1000)
        let limiter = limiter(address: 0.1)
        let address = try #require(IPAddress("8.8.8.8"))
        #expect(limiter.refusal(of: address, at: start) == nil)
        #expect(limiter.refusal(of: address, at: start) == "The limit of 8.8.8.8, 0.1 a second, is used up.")
    }

    @Test func whatTheOwnerAllowsByNameOfItsBlockIsNotLimited() throws {
        var policy = TargetPolicy()
        policy.allow = [
            try #require(PolicyRule("10.0.0.0/8", tools: [])), try #require(PolicyRule("any+port=25", tools: [])),
        ]
        policy.limiter = limiter(address: 0.1)
        let address = try #require(IPAddress("10.1.1.1"))
        for _ in 0..<10 { #expect(policy.refusal(of: address, tool: "ping", at: start) == nil) }
        let other = try #require(IPAddress("8.8.8.8"))
        #expect(policy.refusal(of: other, tool: "ping", at: start) == nil)
        #expect(policy.refusal(of: other, tool: "ping", at: start) != nil)
    }
}
