import ProbeNative
import ProbeTesting
import Testing

/// Zones signed by ldns-signzone on nsd, behind an unbound that hands out what it gets; with an unbound that validates,
/// delv and drill as judges.
@Suite struct ValidationTests {
    struct Case: Sendable, CustomStringConvertible {
        var name: String
        var type = "A"
        var status: DNSSECVerdict.Status
        var code: ErrorCode?
        /// A part of the reason.
        var reason = ""
        var description: String { "\(name) \(type)" }

        init(
            _ name: String, _ type: String, _ status: DNSSECVerdict.Status, _ code: ErrorCode? = nil,
            _ reason: String = ""
        ) {
            (self.name, self.type, self.status, self.code, self.reason) = (name, type, status, code, reason)
        }

        init(
            _ name: String, _ status: DNSSECVerdict.Status, _ code: ErrorCode? = nil, _ reason: String = ""
        ) {
            self.init(name, "A", status, code, reason)
        }
    }

    static let right: [Case] = [
        .init("www.secure.test", .secure), .init("www.secure.test", "AAAA", .secure),
        .init("many.secure.test", .secure), .init(".", "NS", .secure), .init("test", "SOA", .secure),
        .init("test", "DS", .secure), .init("secure.test", "DNSKEY", .secure), .init("sub.secure.test", "DS", .secure),
        .init("www.sub.secure.test", .secure), .init("www.hashed.test", .secure), .init("hashed.test", "DS", .secure),
        .init("www.optout.test", .secure), .init("www.edwards.test", .secure), .init("www.costly.test", .secure),
        // Denials: no name, no type, an empty node, below nothing.
        .init("nope.secure.test", .secure, .resolveNXDomain), .init("www.secure.test", "TXT", .secure),
        .init("ent.secure.test", .secure), .init("a.b.c.secure.test", .secure, .resolveNXDomain),
        .init("nope", .secure, .resolveNXDomain), .init("nope.edwards.test", .secure, .resolveNXDomain),
        .init("nope.hashed.test", .secure, .resolveNXDomain), .init("www.hashed.test", "MX", .secure),
        .init("ent.hashed.test", .secure), .init("a.b.hashed.test", .secure, .resolveNXDomain),
        .init("unsigned.test", "DS", .secure), .init("child.optout.test", "DS", .secure),
        // Wildcards: expanded, without the type.
        .init("x.wild.secure.test", .secure), .init("x.wild.secure.test", "MX", .secure),
        .init("x.wild.hashed.test", .secure), .init("x.wild.hashed.test", "TXT", .secure),
        // Aliases, within the zone, into another one, by DNAME.
        .init("alias.secure.test", .secure), .init("crossing.secure.test", .secure),
        .init("www.dn.secure.test", .secure),
    ]

    static let unsigned: [Case] = [
        .init("www.unsigned.test", .insecure, nil, "without DS"),
        .init("nope.unsigned.test", .insecure, .resolveNXDomain, "without DS"),
        .init("www.island.test", .insecure, nil, "without DS"), .init("leaving.secure.test", .insecure),
        .init("www.unknown.test", .insecure, nil, "does not know (200)"),
        .init("www.child.optout.test", .insecure), .init("nope.child.optout.test", .insecure, .resolveNXDomain),
        .init("nope.optout.test", .insecure, .resolveNXDomain, "opt-out"),
        .init("nope.costly.test", .insecure, .resolveNXDomain, "200 iterations"),
    ]

    static let wrong: [Case] = [
        .init("www.expired.test", .bogus, .dnssecBogus, "expired at 20"),
        .init("nope.expired.test", .bogus, .dnssecBogus, "expired at 20"),
        .init("spoiled.secure.test", .bogus, .dnssecBogus, "expired at 20"),
        .init("www.future.test", .bogus, .dnssecBogus, "not valid before 20"),
        .init("www.stripped.test", .bogus, .dnssecBogus, "has no DNSKEY"),
        .init("nope.stripped.test", .bogus, .dnssecBogus, "has no DNSKEY"),
        .init("www.wrongkey.test", .bogus, .dnssecBogus, "No DNSKEY of wrongkey.test. matches the DS"),
        .init("www.nosig.test", .bogus, .dnssecBogus, "www.nosig.test. A has no signature"),
        .init("www.altered.test", .bogus, .dnssecBogus, "does not verify"),
        .init("nope.damaged.test", .bogus, .dnssecBogus, "NSEC3 does not verify"),
        .init("www.damaged.test", "MX", .bogus, .dnssecBogus, "NSEC3 does not verify"),
        .init("x.wild.damaged.test", .bogus, .dnssecBogus, "NSEC3 does not verify"),
    ]

    @Test func readsEachZoneAsWhatItIs() async throws {
        try await withTree { tree, bench in
            for wanted in Self.right + Self.unsigned + Self.wrong {
                let asked = try await bench.validate(wanted.name, wanted.type, port: tree.resolver)
                let verdict = try #require(asked.report.verdict, "\(wanted)")
                #expect(verdict.status == wanted.status, "\(wanted): \(verdict.reason ?? "")")
                #expect(asked.code == wanted.code, "\(wanted)")
                #expect(wanted.reason.isEmpty || verdict.reason?.contains(wanted.reason) == true, "\(wanted)")
                #expect((verdict.status == .secure) == (verdict.reason == nil), "\(wanted)")
                #expect(verdict.chain.first?.zone == "." && verdict.chain.first?.keyTag != nil, "\(wanted)")
                #expect(verdict.queries > 0)
                // The records that are bogus are reported all the same.
                #expect(asked.report.answer != nil)
            }
        }
    }

    /// What it is silent about, unbound gives as SERVFAIL; AD is "secure".
    @Test func unboundAgrees() async throws {
        try await withTree { tree, _ in
            let judge = try await tree.tree.resolver(validates: true)
            for wanted in Self.right + Self.unsigned + Self.wrong {
                let output = try await Oracle.check(
                    "dig",
                    [
                        "@127.0.0.1", "-p", "\(judge.ports[0])", "+noall", "+comments", "+tries=1", wanted.name,
                        wanted.type,
                    ])
                let flags = output.split(separator: "\n").first { $0.contains(";; flags:") } ?? ""
                let header = flags.split(separator: ";").first.map { $0.split(separator: " ") } ?? []
                let status: DNSSECVerdict.Status =
                    output.contains("SERVFAIL") ? .bogus : header.contains("ad") ? .secure : .insecure
                #expect(status == wanted.status, "\(wanted): \(output)")
            }
            await judge.stop()
        }
    }

    /// delv validates by BIND's code. It calls positive answers "fully validated", "unsigned answer", or gives a reason.
    @Test func delvAgrees() async throws {
        try await withTree { tree, _ in
            let folder = try TemporaryFolder()
            // delv reads a configuration of its own for anchors.
            let words = try await SignedZones.shared().anchor.split(whereSeparator: \.isWhitespace).map(String.init)
            let place = try #require(words.firstIndex(of: "DS"))
            let fields = words[(place + 1)...]
            let anchors = try folder.write(
                "trust-anchors { . static-ds \(fields.prefix(3).joined(separator: " ")) "
                    + "\"\(fields.dropFirst(3).joined())\"; };\n", to: "bind.keys")
            for wanted in Self.right + Self.unsigned + Self.wrong where !Self.delvDiffers.contains(wanted.description) {
                let result = try await Oracle.run(
                    "delv",
                    [
                        "@127.0.0.1", "-p", "\(tree.resolver)", "-a", anchors, "+root=.", "-t", wanted.type,
                        wanted.name,
                    ])
                let said = result.output + result.errors
                // A negative answer is "resolution failed: ncache nxdomain" to it, and good or not by what follows.
                let isBroken = said.contains("resolution failed") && !said.contains("ncache")
                let status: DNSSECVerdict.Status =
                    isBroken
                    ? .bogus
                    : said.contains("unsigned answer")
                        ? .insecure : said.contains("fully validated") ? .secure : .indeterminate
                #expect(status == wanted.status, "\(wanted): \(said)")
            }
        }
    }

    /// BIND calls a name in an opt-out span validated; RFC 5155 section 9.2 and unbound do not.
    static let delvDiffers: Set<String> = ["nope.optout.test A"]

    /// drill -S chases the signatures of one set up to an anchor, by ldns' own code.
    @Test func drillAgrees() async throws {
        try await withTree { tree, _ in
            let anchor = try await SignedZones.shared().anchorFile
            for (name, isGood) in [
                ("www.secure.test", true), ("www.sub.secure.test", true), ("www.edwards.test", true),
                ("www.hashed.test", true), ("www.altered.test", false), ("www.expired.test", false),
                ("www.wrongkey.test", false),
            ] {
                let result = try await Oracle.run(
                    "drill", ["-S", "-k", anchor, "-p", "\(tree.resolver)", "@127.0.0.1", name, "A"])
                #expect(result.output.contains("Chase successful") == isGood, "\(name): \(result.output)")
            }
        }
    }
}

/// What a test of validation works with.
struct TreeBench {
    let tree: SignedTree
    /// The port of the resolver that hands out what it gets.
    let resolver: Int
}

func withTree(
    time: any TimeSource = SystemTime(), _ body: (TreeBench, DNSBench) async throws -> Void
) async throws {
    let tree = try await SignedTree()
    let unbound = try await tree.resolver(validates: false)
    let bench = try DNSBench(time: time)
    defer { bench.stop() }
    try await body(TreeBench(tree: tree, resolver: unbound.ports[0]), bench)
    await unbound.stop()
    await tree.stop()
}

extension DNSBench {
    func validate(
        _ name: String, _ type: String = "A", port: Int, anchor: String? = nil, _ more: [ParameterValue.Member] = []
    ) async throws -> Asked {
        let anchor = if let anchor { anchor } else { try await SignedZones.shared().anchor }
        return try await ask(
            name, type, port: port,
            [.init("validate", .bool(true)), .init("trust_anchor", .string(anchor))] + more)
    }
}
