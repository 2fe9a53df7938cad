import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct ResolverSettingsTests {
    @Test func readsResolvConf() {
        let settings = ResolverSettings(
            parsing: """
                # a comment
                ; another
                domain ignored.example
                nameserver 192.0.2.1
                nameserver 2001:db8::1
                nameserver nonsense
                nameserver fe80::1%lo
                nameserver 192.0.2.4
                search Corp.Example. sub.corp.example
                options ndots:3 timeout:2 attempts:7 rotate use-vc unknown:5
                sortlist 10.0.0.0
                """)
        #expect(settings.servers.map(\.address.description) == ["192.0.2.1", "2001:db8::1", "fe80::1%lo"])
        #expect(settings.servers.allSatisfy { $0.port == 53 })
        #expect(settings.search == ["corp.example", "sub.corp.example"])
        #expect(settings.dots == 3)
        #expect(settings.timeout == .seconds(2))
        #expect(settings.attempts == 5)
        #expect(settings.rotate)
        #expect(settings.transport == .tcp)
    }

    @Test func whatAnEmptyFileMeans() {
        let settings = ResolverSettings(parsing: "", hostName: "node1.Corp.example")
        #expect(settings.servers.map(\.description) == ["127.0.0.1:53"])
        #expect(settings.search == ["corp.example"])
        #expect(settings.dots == 1 && settings.attempts == 2 && settings.timeout == .seconds(5))
        #expect(ResolverSettings(parsing: "search\n", hostName: "node1.corp.example").search.isEmpty)
        #expect(ResolverSettings(parsing: "search .\n", hostName: "node1").search.isEmpty)
        #expect(ResolverSettings(parsing: "search a b\ndomain c\n").search == ["c"])
    }

    @Test func candidatesFollowNdots() {
        var settings = ResolverSettings(servers: [], search: ["x", "y.z"])
        #expect(settings.candidates(for: "db") == ["db.x", "db.y.z", "db"])
        #expect(settings.candidates(for: "db.") == ["db"])
        #expect(settings.candidates(for: "a.b") == ["a.b", "a.b.x", "a.b.y.z"])
        settings.dots = 2
        #expect(settings.candidates(for: "a.b") == ["a.b.x", "a.b.y.z", "a.b"])
        settings.dots = 0
        #expect(settings.candidates(for: "db").first == "db")
    }

    @Test func theVerdictOfASearch() {
        let failed = LookupAnswer.failed(ProbeFailure(.resolve, .resolveFailure, "SERVFAIL"))
        let silent = LookupAnswer.failed(ProbeFailure(.resolve, .resolveTimeout, "silence"))
        func verdict(_ answers: [(LookupAnswer, Bool)]) -> ErrorCode {
            var search = SearchVerdict("a.b", .any)
            for (answer, isAsGiven) in answers where search.isOver(after: answer, isAsGiven: isAsGiven) { break }
            return search.failure.code
        }
        #expect(verdict([(.noSuchName, true), (.noSuchName, false)]) == .resolveNXDomain)
        #expect(verdict([(.noSuchName, false), (.noData, false), (.noSuchName, true)]) == .noAddress)
        #expect(verdict([(.noSuchName, true), (failed, false)]) == .resolveNXDomain)
        #expect(verdict([(failed, false), (.noSuchName, true)]) == .resolveFailure)
        #expect(verdict([(silent, false), (.noData, true)]) == .resolveTimeout)
        #expect(verdict([(.noData, true), (.noSuchName, false)]) == .noAddress)
    }

    @Test func readsHosts() {
        let hosts = HostsFile(
            parsing:
                "127.0.0.1 localhost\n::1\tlocalhost ip6-localhost # loopback\n192.0.2.1 Web.Example web web\nbad x\n# 1.2.3.4 y\n192.0.2.2 web"
        )
        #expect(hosts.addresses(of: "LOCALHOST.").map(\.description) == ["127.0.0.1", "::1"])
        #expect(hosts.addresses(of: "web").map(\.description) == ["192.0.2.1", "192.0.2.2"])
        #expect(hosts.addresses(of: "web.example").map(\.description) == ["192.0.2.1"])
        #expect(hosts.addresses(of: "x").isEmpty && hosts.addresses(of: "y").isEmpty)
    }

    @Test func theCacheIsBoundedAndKeepsNoFailures() {
        var cache = ResolverCache(limit: 100)
        let now = Instant(nanoseconds: 0)
        func key(_ number: Int) -> LookupKey { LookupKey(name: "n\(number)", family: .v4) }
        for number in 0..<1000 { cache.keep(.noData, for: key(number), lifetime: .seconds(60), at: now) }
        #expect(cache.count == 100)
        #expect(cache.answer(key(899), at: now) == nil)
        #expect(cache.answer(key(900), at: now) == .noData)
        for _ in 0..<1000 { cache.keep(.noSuchName, for: key(950), lifetime: .seconds(60), at: now) }
        #expect(cache.answer(key(950), at: now) == .noSuchName)
        #expect(cache.count <= 100)
        cache.keep(.failed(.cancelled(.resolve)), for: key(1), lifetime: .seconds(60), at: now)
        #expect(cache.answer(key(1), at: now) == nil)
        cache.keep(.addresses([]), for: key(2), lifetime: .seconds(1_000_000), at: now)
        #expect(cache.answer(key(2), at: now + .seconds(3599)) != nil)
        #expect(cache.answer(key(2), at: now + .seconds(3600)) == nil)
    }
}
