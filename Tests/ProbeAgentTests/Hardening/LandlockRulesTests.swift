import Testing

@testable import ProbeAgent

/// What is asked of the kernel, by what it knows (landlock(7), "Version" of each right).
struct LandlockRulesTests {
    private static func rules(abi: Int, _ paths: HardeningPaths = HardeningPaths()) -> LandlockRules {
        LandlockRules(abi: abi, paths: paths) { $0 == "SSL_CERT_DIR" ? "/certificates" : nil }
    }

    @Test(arguments: [
        (1, 0x1fff, 0), (2, 0x3fff, 0), (3, 0x7fff, 0), (4, 0x7fff, 0), (5, 0xffff, 0), (6, 0xffff, 3), (7, 0xffff, 3),
        (99, 0xffff, 3),
    ])
    func rightsOfTheABI(_ abi: Int, _ handled: UInt64, _ scoped: UInt64) {
        let rules = Self.rules(abi: abi, HardeningPaths(read: ["/r"], write: ["/w"]))
        #expect(rules.handled.rawValue == handled)
        #expect(rules.scoped == scoped)
        // The kernel refuses a rule that names a right which the ruleset does not handle.
        for rule in rules.rules { #expect(rule.access.isSubset(of: rules.handled), "\(rule)") }
    }

    @Test func nothingMayBeExecutedAndOnlyNamedFoldersWritten() {
        let rules = Self.rules(abi: 7, HardeningPaths(read: ["/r"], write: ["/w"])).rules
        #expect(rules.allSatisfy { !$0.access.contains(.execute) })
        #expect(rules.filter { $0.access.contains(.writeFile) }.map(\.path) == ["/dev/null", "/w"])
        #expect(rules.filter { !$0.access.isDisjoint(with: .change) }.map(\.path) == ["/w"])
        #expect(rules.filter(\.isAskedFor).map(\.path) == ["/r", "/w"])
    }

    @Test func certificatesOfTheEnvironmentCanBeRead() {
        #expect(Self.rules(abi: 1).rules.contains { $0.path == "/certificates" && $0.access == .reading })
    }
}
