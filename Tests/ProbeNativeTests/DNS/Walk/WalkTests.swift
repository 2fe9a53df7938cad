import ProbeNative
import ProbeTesting
import Testing

/// From the root of a private tree down, each level on a server of its own; with dig as the judge of each step.
@Suite struct WalkTests {
    @Test func followsReferralsToTheAnswer() async throws {
        try await withTree { tree, bench in
            let asked = try await bench.walk("www.secure.test", tree.tree)
            #expect(asked.failure == nil)
            #expect(asked.values() == ["192.0.2.1"])
            let hops = try #require(asked.report.hops)
            #expect(hops.map(\.zone) == [".", "test.", "secure.test."])
            #expect(hops.map(\.outcome) == [.referral, .referral, .answer])
            #expect(hops.map(\.referral) == ["test.", "secure.test.", nil])
            #expect(hops.map(\.server) == [nil, "ns.test.", "ns.leaf.test."])
            #expect(hops.map { $0.address?.description } == (1...3).map { "127.1.0.\($0):\(tree.tree.port)" })
            #expect(hops.allSatisfy { $0.duration != nil && $0.responseCode == .noError && !$0.isAside })
            #expect(asked.report.resolver == hops.last?.address)
            #expect(asked.report.attempts == 3)
            #expect(asked.report.answer?.flags.authoritative == true)
            // dig says the same of each of the servers.
            for (index, hop) in hops.enumerated() {
                let dig = try await Oracle.check(
                    "dig",
                    [
                        "@127.1.0.\(index + 1)", "-p", "\(tree.tree.port)", "+norecurse", "+noall", "+authority",
                        "+answer", "www.secure.test", "A",
                    ])
                #expect(hop.referral == nil || dig.contains("\(hop.referral ?? "")\t"), "\(dig)")
                #expect(hop.nameServers.allSatisfy { dig.contains($0) })
            }
            let over = try await bench.walk("www.secure.test", tree.tree, [.init("transport", .string("tcp"))])
            #expect(over.values() == ["192.0.2.1"])
            #expect(over.report.transport == .tcp)
        }
    }

    @Test func endsWhereTheNameEnds() async throws {
        try await withTree { tree, bench in
            let missing = try await bench.walk("nope.test", tree.tree)
            #expect(missing.code == .resolveNXDomain)
            #expect(missing.report.hops?.map(\.outcome) == [.referral, .nameError])
            #expect(missing.rcode == "NXDOMAIN")
            let empty = try await bench.walk("www.secure.test", tree.tree, type: "MX")
            #expect(empty.failure == nil)
            #expect(empty.report.hops?.last?.outcome == .noData)
            // DS is the parent's.
            let signer = try await bench.walk("secure.test", tree.tree, type: "DS")
            #expect(signer.report.hops?.map(\.zone) == [".", "test."])
            #expect(signer.report.hops?.last?.outcome == .answer)
            let root = try await bench.walk(".", tree.tree, type: "NS")
            #expect(root.values() == ["ns.root."])
            let alias = try await bench.walk("crossing.secure.test", tree.tree)
            #expect(alias.values() == ["www.hashed.test.", "192.0.2.1"])
            let circle = try await bench.walk("loop1.secure.test", tree.tree)
            #expect(circle.code == .resolveFailure)
            #expect(circle.failure?.detail.contains("circle") == true)
            #expect(circle.report.hops?.last?.outcome == .alias)
        }
    }

    /// The first of the root's servers is not there: the next one is asked, and the failed one is shown.
    @Test func goesOnToTheNextServer() async throws {
        try await withTree { tree, bench in
            let asked = try await bench.walk(
                "nope.test", tree.tree, hints: "127.1.0.9, 127.1.0.3, \(SignedTree.rootAddress):\(tree.tree.port)")
            #expect(asked.code == .resolveNXDomain)
            let hops = try #require(asked.report.hops)
            // The second one serves neither the root nor the name.
            #expect(hops.map(\.outcome) == [.failed, .lame, .referral, .nameError])
            #expect(hops[0].failure?.code == .connectionRefused)
            #expect(hops[1].responseCode == .refused)
        }
    }

    /// The root over IPv6; the levels below have IPv4 addresses only.
    @Test func walksOverIPv6AsFarAsThereIsAny() async throws {
        try await withTree { tree, bench in
            let hints = "[::1]:\(tree.tree.port)"
            let asked = try await bench.walk("www.secure.test", tree.tree, hints: hints)
            #expect(asked.values() == ["192.0.2.1"])
            #expect(asked.report.hops?.first?.address?.description == hints)
            let only = ParameterValue.Member("ip_version", .integer(6))
            let root = try await bench.walk(".", tree.tree, type: "SOA", hints: hints, [only])
            #expect(root.failure == nil)
            let below = try await bench.walk("www.secure.test", tree.tree, hints: hints, [only])
            #expect(below.code == .noAddress)
            #expect(below.report.hops?.map(\.outcome) == [.referral])
        }
    }

    @Test func nobodyThere() async throws {
        let bench = try DNSBench()
        defer { bench.stop() }
        let asked = try await bench.ask(
            "a.test",
            [.init("trace", .bool(true)), .init("root_hints", .string("127.1.0.9:\(try FreePorts.closed())"))])
        #expect(asked.code == .connectionRefused)
        #expect(asked.report.hops?.map(\.outcome) == [.failed])
    }
}

extension DNSBench {
    func walk(
        _ name: String, _ tree: SignedTree, type: String = "A", hints: String = SignedTree.rootAddress,
        _ more: [ParameterValue.Member] = []
    ) async throws -> Asked {
        try await ask(
            name, type, port: nil, timeout: nil,
            [
                .init("trace", .bool(true)), .init("root_hints", .string(hints)),
                .init("port", .integer(Int64(tree.port))),
            ] + more)
    }
}
