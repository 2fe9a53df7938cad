import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct ResolverTests {
    private static let four: [UInt8] = [192, 0, 2, 1]
    private static let six: [UInt8] = [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 11) + [1]

    @Test func literalsAndLocalNamesAskNobody() async throws {
        let server = try ScriptedNameServer { $0.answer(Self.four) }
        let folder = try TemporaryFolder()
        let hosts = try folder.write("192.0.2.9 listed.example\n2001:db8::9 listed.example\n", to: "hosts")
        let settings = ResolverSettings(servers: [server.address], search: ["corp.test"])
        let bench = try ResolverBench(ResolverConfiguration(settings: .fixed(settings), hostsFile: hosts))
        defer { bench.stop() }
        #expect(await bench.addresses("192.0.2.7", .any) == ["192.0.2.7"])
        #expect(await bench.code("192.0.2.7", .v6) == .noAddress)
        #expect(await bench.addresses("Listed.Example.", .any) == ["192.0.2.9", "2001:db8::9"])
        #expect(await bench.addresses("listed.example", .v6) == ["2001:db8::9"])
        #expect(await bench.addresses("localhost", .any) == ["127.0.0.1", "::1"])
        #expect(await bench.addresses("a.localhost.", .v6) == ["::1"])
        #expect(server.log.isEmpty)
        server.stop()
    }

    @Test func bothFamiliesIPv4First() async throws {
        let server = try ScriptedNameServer { $0.type == 1 ? $0.answer(Self.four) : $0.answer(Self.six) }
        let bench = try ResolverBench([server.address])
        defer { bench.stop() }
        #expect(await bench.addresses("www.test", .any) == ["192.0.2.1", "2001:db8::1"])
        #expect(Set(server.log) == ["www.test A", "www.test AAAA"])
        #expect(await bench.resolve("WWW.test.", .v6).fromCache == true)
        #expect(await bench.openDescriptors == 0)
        server.stop()
    }

    @Test func theSearchListIsWalkedInOrder() async throws {
        let server = try ScriptedNameServer { query in
            query.name == "db.b.test" ? query.answer(Self.four) : query.negative(rcode: 3)
        }
        let bench = try ResolverBench([server.address], search: ["a.test", "b.test", "c.test"])
        defer { bench.stop() }
        #expect(await bench.addresses("db") == ["192.0.2.1"])
        #expect(server.log == ["db.a.test A", "db.b.test A"])
        #expect(await bench.code("x.y") == .resolveNXDomain)
        #expect(server.log.dropFirst(2) == ["x.y A", "x.y.a.test A", "x.y.b.test A", "x.y.c.test A"])
        #expect(await bench.code("db.") == .resolveNXDomain)
        #expect(server.log.last == "db A")
        server.stop()
    }

    @Test func answersAreKeptForTheirTTL() async throws {
        let time = ManualTime()
        let server = try ScriptedNameServer { query in
            switch query.name {
            case "zero.test": query.answer(Self.four, ttl: 0)
            case "none.test": query.negative(rcode: 3, minimum: 5)
            case "empty.test": query.negative(rcode: 0, minimum: 5)
            case "bare.test": query.negative(rcode: 3)
            default: query.answer(Self.four, ttl: 60)
            }
        }
        let bench = try ResolverBench([server.address], time: time)
        defer { bench.stop() }
        for name in ["www.test", "none.test", "empty.test", "zero.test", "bare.test"] {
            _ = await bench.resolve(name)
            _ = await bench.resolve(name)
        }
        #expect(server.count("www.test A") == 1)
        #expect(server.count("none.test A") == 1)
        #expect(server.count("empty.test A") == 1)
        #expect(server.count("zero.test A") == 2)
        #expect(server.count("bare.test A") == 2)
        #expect(await bench.code("none.test") == .resolveNXDomain)
        #expect(await bench.code("empty.test") == .noAddress)
        time.advance(by: .seconds(6))
        #expect(await bench.code("none.test") == .resolveNXDomain)
        #expect(server.count("none.test A") == 2)
        time.advance(by: .seconds(53))
        #expect(await bench.resolve("www.test").fromCache == true)
        time.advance(by: .seconds(2))
        #expect(await bench.resolve("www.test").fromCache == false)
        #expect(server.count("www.test A") == 2)
        server.stop()
    }

    @Test func aliasesAreFollowedInsideTheAnswer() async throws {
        let server = try ScriptedNameServer { query in
            var message = query.answer()
            let names = ["b.test", "c.test"].map(WireMessage.name)
            message.add(.answer, type: 5, ttl: 300, names[0])
            message.add(
                .answer, type: 5, ttl: 10, query.name == "loop.test" ? WireMessage.name("loop.test") : names[1],
                name: names[0])
            message.add(.answer, type: 1, ttl: 300, Self.four, name: names[1])
            message.add(.answer, type: 1, ttl: 300, [192, 0, 2, 66], name: WireMessage.name("stranger.test"))
            return message.bytes
        }
        let time = ManualTime()
        let bench = try ResolverBench([server.address], time: time)
        defer { bench.stop() }
        #expect(await bench.addresses("a.test") == ["192.0.2.1"])
        time.advance(by: .seconds(9))
        #expect(await bench.resolve("a.test").fromCache == true)
        time.advance(by: .seconds(2))
        #expect(await bench.resolve("a.test").fromCache == false)
        #expect(await bench.code("loop.test") == .noAddress)
        server.stop()
    }

    @Test func silentServersAreAskedInRounds() async throws {
        let time = ManualTime()
        let silent = try ScriptedNameServer { _ in nil }
        let bench = try ResolverBench([silent.address, silent.address], time: time)
        defer { bench.stop() }
        async let code = bench.code("a.test")
        // Two servers, two rounds, five seconds each.
        for _ in 0..<4 {
            _ = try await silent.queries.next("query")
            time.advance(by: .seconds(5))
        }
        #expect(await code == .resolveTimeout)
        #expect(silent.log.count == 4)
        silent.stop()
    }

    @Test func theNextServerIsAskedWhenOneCannotAnswer() async throws {
        let good = try ScriptedNameServer { $0.answer(Self.four) }
        let closed = loopback(try FreePorts.closed())
        for rcode: UInt8 in [2, 4, 5] {
            let bad = try ScriptedNameServer { $0.answer(rcode: rcode).bytes }
            let bench = try ResolverBench([closed, bad.address, good.address])
            #expect(await bench.addresses("a.test") == ["192.0.2.1"])
            #expect(bad.log == ["a.test A"])
            bench.stop()
            let alone = try ResolverBench([bad.address])
            #expect(await alone.code("a.test") == (rcode == 5 ? .resolveRefused : .resolveFailure))
            alone.stop()
            bad.stop()
        }
        let nobody = try ResolverBench([closed])
        defer { nobody.stop() }
        #expect(await nobody.code("a.test") == .resolveFailure)
        good.stop()
    }

    @Test func aServerThatChangesTheCaseIsAskedPlainly() async throws {
        let server = try ScriptedNameServer { query in
            var wire = query.wire
            for index in 12..<(wire.count - 5) where (0x41...0x5a).contains(wire[index]) { wire[index] |= 0x20 }
            var message = WireMessage(answering: wire)
            message.add(.answer, type: 1, ttl: 0, Self.four)
            return message.bytes
        }
        let bench = try ResolverBench([server.address])
        defer { bench.stop() }
        #expect(await bench.addresses("abcdefghijklmnopqrstuvwxyz.test") == ["192.0.2.1"])
        #expect(server.log.count == 2)
        // It is remembered.
        #expect(await bench.addresses("abcdefghijklmnopqrstuvwxyz.test") == ["192.0.2.1"])
        #expect(server.log.count == 3)
        server.stop()
    }

    @Test func equalQuestionsShareOneLookUpAndOneJobsEndFailsNoOther() async throws {
        let release = Locked(false)
        let server = try ScriptedNameServer { release.withLock { $0 } ? $0.answer(Self.four) : nil }
        let time = ManualTime()
        let bench = try ResolverBench([server.address], time: time)
        defer { bench.stop() }
        let codes = EventLog<ErrorCode>()
        let first = bench.reactor.spawn { [reactor = bench.reactor] in
            do throws(ProbeFailure) {
                _ = try await reactor.local(Resolver.self).resolve(
                    .name("www.test"), .v4, tool: "test", until: reactor.now + .seconds(60))
            } catch { codes.append(error.code) }
        }
        _ = try await server.queries.next("query")
        let others = EventLog<[String]>()
        for _ in 0..<50 {
            bench.reactor.spawn { [reactor = bench.reactor] in
                let resolution = try? await reactor.local(Resolver.self).resolve(
                    .name("www.test"), .v4, tool: "test", until: reactor.now + .seconds(60))
                others.append(resolution?.addresses.map(\.description) ?? [])
            }
        }
        // Tasks run in order: when this one does, the fifty have joined.
        await on(bench.reactor) { _ in }
        first.cancel()
        #expect(try await codes.next("code") == .cancelled)
        release.withLock { $0 = true }
        // The first query was lost; the second one is answered.
        time.advance(by: .seconds(5))
        for _ in 0..<50 { #expect(try await others.next("answer") == ["192.0.2.1"]) }
        #expect(server.log.count == 2)
        server.stop()
    }

    @Test func aLookUpThatNobodyWantsIsEnded() async throws {
        let server = try ScriptedNameServer { _ in nil }
        let bench = try ResolverBench([server.address])
        defer { bench.stop() }
        let codes = EventLog<ErrorCode>()
        let task = bench.reactor.spawn { [reactor = bench.reactor] in
            do throws(ProbeFailure) {
                _ = try await reactor.local(Resolver.self).resolve(
                    .name("www.test"), .any, tool: "test", until: reactor.now + .seconds(60))
            } catch { codes.append(error.code) }
        }
        for _ in 0..<2 { _ = try await server.queries.next("query") }
        task.cancel()
        #expect(try await codes.next("code") == .cancelled)
        #expect(await bench.openDescriptors == 0)
        server.stop()
    }

    @Test func aDeadFamilyHoldsUpTheOtherOnlyBriefly() async throws {
        let server = try ScriptedNameServer { $0.type == 1 ? $0.answer(Self.four) : nil }
        let bench = try ResolverBench([server.address])
        defer { bench.stop() }
        let first = try await bench.resolve("www.test", .any).get()
        #expect(first.addresses.map(\.description) == ["192.0.2.1"])
        #expect(first.duration >= .milliseconds(50))
        // The same look-up is still on its way, and has been waited for long enough.
        let second = try await bench.resolve("www.test", .any).get()
        #expect(second.duration < first.duration)
        #expect(server.count("www.test AAAA") == 1)
        server.stop()
    }

    @Test func changedFilesAreReadAgain() async throws {
        let time = ManualTime()
        let folder = try TemporaryFolder()
        let hosts = try folder.write("", to: "hosts")
        let configuration = try folder.write("", to: "resolv.conf")
        let bench = try ResolverBench(
            ResolverConfiguration(settings: .file(configuration), hostsFile: hosts), time: time)
        defer { bench.stop() }
        func servers() async -> [String] {
            await on(bench.reactor) { $0.local(Resolver.self).servers.map(\.address.description) }
        }
        #expect(await servers() == ["127.0.0.1"])
        try folder.write("nameserver 192.0.2.53\n", to: "resolv.conf")
        try folder.write("192.0.2.1 www.test\n", to: "hosts")
        // Looked at once a second at most.
        #expect(await servers() == ["127.0.0.1"])
        time.advance(by: .seconds(1))
        #expect(await servers() == ["192.0.2.53"])
        #expect(await bench.addresses("www.test") == ["192.0.2.1"])
    }

    @Test func thePolicyIsAskedAboutTheServers() async throws {
        struct NoSystemResolver: AddressPolicy {
            func denial(of request: PolicyRequest) -> String? {
                request.purpose == .systemResolver ? "not that one" : nil
            }
        }
        let server = try ScriptedNameServer { $0.answer(Self.four) }
        let settings = ResolverSettings(servers: [server.address])
        let bench = try ResolverBench(ResolverConfiguration(settings: .fixed(settings)), policy: NoSystemResolver())
        defer { bench.stop() }
        #expect(await bench.code("www.test") == .policyDenied)
        #expect(server.log.isEmpty)
        server.stop()
    }

    @Test func realServersAgree() async throws {
        let nsd = try await NSDServer()
        let unbound = try await UnboundServer(upstream: nsd.port)
        let bench = try ResolverBench([loopback(unbound.port)], search: ["probe.test"])
        defer { bench.stop() }
        #expect(await bench.addresses("www.probe.test", .any) == ["127.0.0.1", "::1"])
        #expect(await bench.addresses("chain1", .any) == ["127.0.0.1", "::1"])
        #expect(await bench.addresses("v6.probe.test", .any) == ["::1"])
        #expect(await Set(bench.addresses("many.probe.test")).count == 4)
        #expect(await bench.addresses("münchen.probe.test") == ["127.0.0.1"])
        #expect(await bench.code("nodata.probe.test", .any) == .noAddress)
        #expect(await bench.code("v4.probe.test", .v6) == .noAddress)
        #expect(await bench.code("missing.probe.test", .any) == .resolveNXDomain)
        #expect(await bench.code("dangling.probe.test", .any) == .resolveNXDomain)
        await unbound.stop()
        await nsd.stop()
    }
}
