import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct HopNamesTests {
    /// Looks addresses up as a trace does, and reports what was found.
    private struct LookUpTool: Tool {
        let name = "look_up"
        let summary = "names and networks of addresses"
        var addresses: [IPAddress]
        var asksNetworks = true

        struct Found: Report {
            var facts: HopFacts
            func write(to writer: inout some ReportWriter) {}
        }

        func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) {}

        func run(_ target: Host, _ parameters: Void, in context: ProbeContext) async -> ProbeOutcome {
            let names = HopNames(names: true, networks: asksNetworks, in: context)
            await names.during {
                for address in addresses + addresses { names.want(address) }
            }
            return ProbeOutcome(Found(facts: names.facts))
        }
    }

    private func facts(
        _ tool: LookUpTool, _ server: ScriptedNameServer, timeout: Duration? = nil
    ) async throws -> HopFacts {
        var configuration = EngineConfiguration()
        configuration.reactors = 1
        configuration.resolver = ResolverConfiguration(
            settings: .fixed(ResolverSettings(servers: [server.address])), hostsFile: nil)
        let engine = try Engine(configuration, registry: ToolRegistry([tool]))
        defer { engine.stop() }
        let outcome = await engine.run(try tool.prepare(target: "127.0.0.1"), timeout: timeout).outcome
        return try #require(outcome.report as? LookUpTool.Found).facts
    }

    private static let addresses = (1...40).compactMap { IPAddress("198.51.100.\($0)") }

    @Test func eachAddressIsAskedForOnce() async throws {
        let server = try ScriptedNameServer { query in
            var message = query.answer()
            if query.type == Self.pointer {
                message.add(
                    .answer, type: query.type, ttl: 60, [3] + Array("hop".utf8) + [4] + Array("test".utf8) + [0])
            } else {
                let text = Array("64500 | 198.51.100.0/24 | ZZ".utf8)
                message.add(.answer, type: query.type, ttl: 60, [UInt8(text.count)] + text)
            }
            return message.bytes
        }
        let facts = try await facts(LookUpTool(addresses: Self.addresses), server)
        #expect(facts.names.count == 40 && facts.names.values.allSatisfy { $0 == "hop.test" })
        #expect(facts.networks.count == 40 && facts.networks.values.allSatisfy { $0 == 64500 })
        let asked = server.queries.pending.map { "\($0.name) \($0.type)" }
        #expect(asked.count == 80 && Set(asked).count == 80)
        #expect(asked.contains("7.100.51.198.origin.asn.cymru.com 16"))
        server.stop()
    }

    private static let pointer: UInt16 = 12

    @Test func nobodyOutsideIsAskedUnlessItIsWanted() async throws {
        let server = try ScriptedNameServer { $0.negative(rcode: 3) }
        let facts = try await facts(LookUpTool(addresses: Self.addresses, asksNetworks: false), server)
        #expect(facts == HopFacts())
        #expect(server.queries.pending.allSatisfy { $0.type == Self.pointer })
        server.stop()
    }

    /// A name server that never answers holds up no trace: the rest gets two seconds.
    @Test func aSilentServerIsNotWaitedFor() async throws {
        let server = try ScriptedNameServer { _ in nil }
        let facts = try await facts(LookUpTool(addresses: Self.addresses), server, timeout: .seconds(20))
        #expect(facts == HopFacts())
        server.stop()
    }
}
