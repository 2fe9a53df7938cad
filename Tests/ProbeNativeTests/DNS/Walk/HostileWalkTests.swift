import ProbeTesting
import Testing

@testable import ProbeNative

/// Servers that lead nowhere. All name servers have the address of the one that the test plays.
@Suite struct HostileWalkTests {
    private static func referral(
        _ query: ScriptedNameServer.Query, to zone: String, _ server: String, glue: [(String, [UInt8])] = []
    ) -> [UInt8] {
        var message = query.answer()
        message.add(.authority, type: 2, ttl: 60, WireMessage.name(server), name: WireMessage.name(zone))
        for (name, address) in glue {
            message.add(.additional, type: 1, ttl: 60, address, name: WireMessage.name(name))
        }
        return message.bytes
    }

    @Test(arguments: [("", 1), ("test", 2), ("other", 1), ("b.test", 1)])
    func aReferralMustLeadDownwards(_ zone: String, _ count: Int) async throws {
        let server = try ScriptedNameServer { query in
            Self.referral(query, to: zone, "ns.test", glue: [("ns.test", [127, 0, 0, 1])])
        }
        defer { server.stop() }
        let asked = try await walk("a.test", server)
        #expect(asked.code == .resolveFailure)
        #expect(asked.report.hops?.last?.outcome == .lame)
        #expect(asked.report.hops?.count == count)
    }

    @Test func aliasesWithoutEndAreLeft() async throws {
        let server = try ScriptedNameServer { query in
            var message = query.answer()
            message.add(.answer, type: 5, ttl: 60, WireMessage.name("x" + query.name))
            return message.bytes
        }
        defer { server.stop() }
        let asked = try await walk("a.test", server)
        #expect(asked.code == .resolveFailure)
        #expect(asked.failure?.detail.contains("more than \(DNSWalk.mostAliases) aliases") == true)
        #expect(asked.report.hops?.allSatisfy { $0.outcome == .alias } == true)
    }

    /// Each server's name is in a zone whose servers' names are in yet another one.
    @Test func nameServersWithoutAddressesLeadOnNotForEver() async throws {
        let server = try ScriptedNameServer { query in
            let zone = query.name.split(separator: ".").last.map(String.init) ?? "test"
            var message = query.answer()
            for index in 0..<20 {
                message.add(
                    .authority, type: 2, ttl: 60, WireMessage.name("ns\(index).\(zone)x\(index)"),
                    name: WireMessage.name(zone))
            }
            return message.bytes
        }
        defer { server.stop() }
        let asked = try await walk("a.test", server)
        #expect(asked.code == .noAddress)
        let hops = asked.report.hops ?? []
        #expect((2...DNSWalk.mostQueries).contains(hops.count))
        #expect(hops.dropFirst().allSatisfy { $0.isAside })
    }

    /// A name server out of the zone is looked for from the root; glue for it is not taken from who has no say in it.
    @Test func looksForTheAddressOfANameServerByItself() async throws {
        let asked = Locked(0)
        let server = try ScriptedNameServer { query in
            if query.name == "ns.b" { return query.answer([127, 0, 0, 1]) }
            let count = asked.withLock { count in
                count += 1
                return count
            }
            switch count {
            case 1: return Self.referral(query, to: "test", "ns.test", glue: [("ns.test", [127, 0, 0, 1])])
            case 2: return Self.referral(query, to: "a.test", "ns.b", glue: [("ns.b", [127, 9, 9, 9])])
            default: return query.answer([192, 0, 2, 1])
            }
        }
        defer { server.stop() }
        let walked = try await walk("www.a.test", server)
        #expect(walked.values() == ["192.0.2.1"])
        let hops = walked.report.hops ?? []
        #expect(hops.map(\.isAside) == [false, false, true, false])
        #expect(hops.map(\.name) == ["www.a.test.", "www.a.test.", "ns.b.", "www.a.test."])
        #expect(hops.map(\.zone) == [".", "test.", ".", "a.test."])
        #expect(hops.allSatisfy { $0.address == server.address })
    }

    @Test func theDeadlineCutsAndCancellingCloses() async throws {
        let server = try ScriptedNameServer { query in
            query.name == "a.test" ? nil : Self.referral(query, to: "test", "ns.test")
        }
        defer { server.stop() }
        let bench = try DNSBench()
        defer { bench.stop() }
        let probe = try DNSTool().prepare(target: "a.test", parameters: parameters(server))
        let results = EventLog<ProbeResult>()
        let running = bench.engine.start(probe, deadline: bench.engine.time.now + .seconds(60)) { results.append($0) }
        _ = try await server.queries.next()
        running.stop(.cancelled)
        let result = try await results.next("result", within: .seconds(60))
        #expect(result.outcome.failure?.code == .cancelled)
        #expect(await bench.closesAll)
        let late = await patiently(until: { ($0.outcome.report as? DNSReport)?.hops?.isEmpty == false }) { scale in
            await bench.engine.run(probe, timeout: .milliseconds(300) * scale)
        }
        #expect([.resolveTimeout, .deadlineExceeded].contains(late.outcome.failure?.code))
        #expect((late.outcome.report as? DNSReport)?.hops?.count == 1)
    }

    private func parameters(_ server: ScriptedNameServer) -> [ParameterValue.Member] {
        [
            .init("trace", .bool(true)), .init("root_hints", .string("127.0.0.1")),
            .init("port", .integer(Int64(server.address.port))),
        ]
    }

    private func walk(_ name: String, _ server: ScriptedNameServer) async throws -> Asked {
        let bench = try DNSBench()
        defer { bench.stop() }
        return try await bench.ask(name, parameters(server))
    }
}
