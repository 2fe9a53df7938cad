import Testing

@testable import ProbeNative

/// What records that deny prove, and what they do not: the cases that no honest server produces.
@Suite struct DenialTests {
    private func name(_ text: String) throws -> CanonicalName { CanonicalName(try DNSName(text)) }
    private func record(_ text: String) throws -> LDNSRecord { try #require(LDNSRecord(text: text), "\(text)") }

    @Test func namesAreOrderedAsRFC4034Orders() throws {
        let ordered = [
            "example", "a.example", "yljkjljk.a.example", "Z.a.example", "zABC.a.EXAMPLE", "z.example", "*.z.example",
        ].map { try? name($0) }.compactMap { $0 }
        #expect(ordered.count == 7)
        #expect(ordered.shuffled().sorted() == ordered)
        #expect(try name("A.b.Example").description == "a.b.example.")
        #expect(try name("a.b.example").isAtOrBelow(try name("b.example")))
        #expect(try !name("ab.example").isAtOrBelow(try name("b.example")))
        #expect(try name("a.b.example").commonAncestor(with: try name("c.b.example")) == name("b.example"))
        #expect(try name("a.b.example").ancestor(labels: 1) == name("example"))
        #expect(CanonicalName(wire: [1, 0x61]) == nil)
        #expect(CanonicalName(wire: [1, 0x61, 0, 0]) == nil)
        #expect(CanonicalName(wire: [0xc0, 12]) == nil)
        #expect(CanonicalName(wire: [3, 0x2e, 0x07, 0xff, 0])?.description == "\\.\\007\\255.")
    }

    // MARK: NSEC

    private func plain(_ records: [String], of zone: String = "z.test") throws -> PlainDenial {
        PlainDenial(try records.map(record), of: try name(zone))
    }

    @Test func nsecDeniesWhatItCovers() throws {
        let denial = try plain([
            "z.test. 60 IN NSEC b.z.test. SOA NS RRSIG NSEC DNSKEY", "b.z.test. 60 IN NSEC x.y.z.test. A RRSIG NSEC",
            "x.y.z.test. 60 IN NSEC z.test. A RRSIG NSEC",
        ])
        #expect(denial.nameError(try name("c.z.test")) == .proven)
        #expect(denial.nameError(try name("zz.z.test")) == .proven)
        #expect(denial.noData(try name("b.z.test"), .aaaa) == .proven)
        #expect(denial.noData(try name("y.z.test"), .a) == .proven)
        // It exists: as a name, as an empty node, with the type, in another zone.
        for (text, type) in [("b.z.test", DNSRecordType.a), ("c.other", .a)] {
            #expect(try isUnproven(denial.noData(name(text), type)), "\(text)")
        }
        for text in ["b.z.test", "y.z.test", "z.test", "other"] {
            #expect(try isUnproven(denial.nameError(name(text))), "\(text)")
        }
    }

    @Test func nsecOfAWildcardMustBeDeniedOrMatched() throws {
        let covering = try plain(["a.z.test. 60 IN NSEC d.z.test. A", "*.z.test. 60 IN NSEC a.z.test. TXT"])
        #expect(try isUnproven(covering.nameError(name("c.z.test"))))
        #expect(covering.noData(try name("c.z.test"), .a) == .proven)
        #expect(try isUnproven(covering.noData(name("c.z.test"), .init(rawValue: 16))))
        #expect(covering.wildcardApplies(to: try name("c.z.test"), labels: 2) == .proven)
        // A name below "a" is not the wildcard's to stand for.
        #expect(try isUnproven(covering.wildcardApplies(to: name("c.a.z.test"), labels: 2)))
        #expect(try isUnproven(covering.wildcardApplies(to: name("e.z.test"), labels: 2)))
    }

    /// The parent's NSEC at a delegation says nothing of what is below, and the child's nothing of DS.
    @Test func nsecOfTheWrongSideProvesNothing() throws {
        let parent = try plain(["c.z.test. 60 IN NSEC e.z.test. NS RRSIG NSEC"])
        #expect(try isUnproven(parent.nameError(name("www.c.z.test"))))
        #expect(try isUnproven(parent.noData(name("c.z.test"), .a)))
        #expect(parent.noData(try name("c.z.test"), .ds) == .proven)
        let child = try plain(["z.test. 60 IN NSEC a.z.test. SOA NS"])
        #expect(try isUnproven(child.noData(name("z.test"), .ds)))
        let redirection = try plain(["c.z.test. 60 IN NSEC e.z.test. DNAME"])
        #expect(try isUnproven(redirection.nameError(name("www.c.z.test"))))
        let alias = try plain(["c.z.test. 60 IN NSEC e.z.test. CNAME"])
        #expect(try isUnproven(alias.noData(name("c.z.test"), .a)))
    }

    @Test func delegationsByNSEC() throws {
        let denial = try plain([
            "a.z.test. 60 IN NSEC b.z.test. NS", "b.z.test. 60 IN NSEC x.c.z.test. A",
            "x.c.z.test. 60 IN NSEC z.test. NS DS",
        ])
        #expect(denial.delegation(try name("a.z.test")) == .insecure("a.z.test. is delegated without DS"))
        #expect(denial.delegation(try name("b.z.test")) == .noCut)
        #expect(denial.delegation(try name("c.z.test")) == .noCut)
        #expect(denial.delegation(try name("bb.z.test")) == .nothing)
        for text in ["x.c.z.test", "y.a.z.test"] {
            if case .unproven = denial.delegation(try name(text)) { continue }
            Issue.record("\(text)")
        }
    }

    // MARK: NSEC3

    /// The zone of RFC 5155 Appendix A, with the hashes that stand there.
    private static let example = [
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. 60 IN NSEC3 1 1 12 aabbccdd "
            + "2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG",
        "b4um86eghhds6nea196smvmlo4ors995.example. 60 IN NSEC3 1 1 12 aabbccdd gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG",
        "35mthgpgcu1qg68fab165klnsnk3dpvl.example. 60 IN NSEC3 1 1 12 aabbccdd b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG",
    ]

    private func hashed(_ records: [String], of zone: String = "example") throws -> HashedDenial {
        HashedDenial(try records.map(record), of: try name(zone))
    }

    /// RFC 5155 Appendix B.1 and B.3.
    @Test func nsec3DeniesAsInTheRFC() throws {
        let denial = try hashed(Self.example)
        // Opt-out is set there, so no more than "insecure" follows.
        guard case .insecure = denial.nameError(try name("a.c.x.w.example")) else {
            Issue.record("B.1")
            return
        }
        guard case .insecure = denial.noData(try name("mc.c.example"), .ds) else {
            Issue.record("B.3")
            return
        }
        let strict = try hashed(Self.example.map { $0.replacing("NSEC3 1 1 12", with: "NSEC3 1 0 12") })
        #expect(strict.nameError(try name("a.c.x.w.example")) == .proven)
        #expect(try isUnproven(strict.nameError(name("x.w.example"))))
        #expect(try isUnproven(strict.noData(name("mc.c.example"), .a)))
        #expect(strict.delegation(try name("nope.c.x.w.example")) == .nothing)
        // With one of the three records missing nothing is proved.
        for index in 0..<2 {
            var some = Self.example.map { $0.replacing("NSEC3 1 1 12", with: "NSEC3 1 0 12") }
            some.remove(at: index)
            #expect(try isUnproven(hashed(some).nameError(name("a.c.x.w.example"))), "\(index)")
        }
    }

    @Test func nsec3WithTooManyIterationsProvesNothing() throws {
        let denial = try hashed(Self.example.map { $0.replacing(" 12 aabb", with: " 151 aabb") })
        guard case .insecure(let reason) = denial.nameError(try name("a.c.x.w.example")) else {
            Issue.record("151 iterations")
            return
        }
        #expect(reason.contains("151"))
        // Of another hash, another zone, or with other parameters than the first: not looked at.
        let mixed = try hashed([
            Self.example[0].replacing("NSEC3 1 1 12", with: "NSEC3 2 1 12"),
            Self.example[0].replacing(".example. 60", with: ".other. 60"), Self.example[1],
            Self.example[2].replacing("aabbccdd", with: "aabbcc"),
        ])
        #expect(try isUnproven(mixed.nameError(name("a.c.x.w.example"))))
    }

    @Test func hashesAreInBase32Hex() {
        for (bytes, text) in [("", ""), ("f", "co"), ("fo", "cpng"), ("foo", "cpnmu"), ("foobar", "cpnmuoj1e8")] {
            #expect(HashedDenial.base32(bytes.utf8) == Array(text.utf8))
        }
    }

    private func isUnproven(_ denial: Denial) -> Bool { if case .unproven = denial { true } else { false } }
}
