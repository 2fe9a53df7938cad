/// A zone with keys that a chain of signatures leads to.
struct SecureZone {
    let name: CanonicalName
    let keys: [ZoneKey]
}

enum ZoneTrust {
    case secure(SecureZone)
    /// With the reason.
    case insecure(String)
}

/// Follows delegations down from the trust anchors (RFC 4035 section 5): each zone's keys are vouched for by the DS
/// records of the zone above. What was found out is kept, so that each delegation is asked for once.
struct ChainOfTrust {
    private enum Cut {
        case zone(SecureZone)
        case insecure(String)
        case none
        /// Nor anything below.
        case nothing
    }

    let queries: ValidationQueries
    private let anchors: [CanonicalName: [TrustAnchors.Anchor]]
    private var cuts: [CanonicalName: Cut] = [:]
    private(set) var links: [DNSSECVerdict.Link] = []
    var check: SignatureCheck

    init(_ anchors: TrustAnchors, _ queries: ValidationQueries, _ time: any TimeSource) {
        self.anchors = anchors.byZone()
        self.queries = queries
        check = SignatureCheck(time)
    }

    /// - Throws: `undecided` when nothing above the name is trusted.
    func requireAnchor(above name: CanonicalName) throws(ValidationEnd) {
        guard anchors.keys.contains(where: { name.isAtOrBelow($0) }) else {
            throw .undecided("No trust anchor is above \(name)")
        }
    }

    /// The zone that `name` is in: the closest one above it, or at it.
    mutating func zone(holding name: CanonicalName) async throws(ValidationEnd) -> ZoneTrust {
        let above = anchors.keys.filter { name.isAtOrBelow($0) }
        guard let start = above.max(by: { $0.labelCount < $1.labelCount }) else {
            throw .undecided("No trust anchor is above \(name)")
        }
        var current = try await anchored(start)
        for labels in start.labelCount..<max(start.labelCount, name.labelCount) {
            let step = name.ancestor(labels: labels + 1)
            switch try await cut(at: step, below: current) {
            case .zone(let zone): current = zone
            case .insecure(let reason): return .insecure(reason)
            case .none: continue
            case .nothing: return .secure(current)
            }
        }
        return .secure(current)
    }

    // MARK: Steps

    private mutating func anchored(_ zone: CanonicalName) async throws(ValidationEnd) -> SecureZone {
        if case .zone(let known) = cuts[zone] { return known }
        let anchors = anchors[zone] ?? []
        let found = try await secureZone(zone, "the trust anchor") { key in anchors.contains { $0.vouches(for: key) } }
        cuts[zone] = .zone(found)
        return found
    }

    private mutating func cut(
        at name: CanonicalName, below parent: SecureZone
    ) async throws(ValidationEnd) -> Cut {
        if let known = cuts[name] { return known }
        let found = try await findCut(at: name, below: parent)
        cuts[name] = found
        if case .insecure = found { links.append(DNSSECVerdict.Link(zone: name.description)) }
        return found
    }

    private mutating func findCut(
        at name: CanonicalName, below parent: SecureZone
    ) async throws(ValidationEnd) -> Cut {
        let (_, sections) = try await queries.ask(name, .ds)
        if let set = sections.answer(name, .ds) {
            _ = try await check.verify(set, of: parent.name, by: parent.keys)
            return try await signedChild(name, set.records.map { DelegationSigner(record: $0) })
        }
        if let alias = sections.answer(name, .cname) {
            _ = try await check.verify(alias, of: parent.name, by: parent.keys)
            return .none
        }
        switch try await denial(in: sections, of: parent).delegation(name) {
        case .insecure(let reason): return .insecure(reason)
        case .noCut: return .none
        case .nothing: return .nothing
        case .unproven(let reason):
            throw .bogus("The absence of DS for \(name) is not proved: \(reason)")
        }
    }

    private mutating func signedChild(
        _ name: CanonicalName, _ all: [DelegationSigner]
    ) async throws(ValidationEnd) -> Cut {
        var usable = all.filter(\.isUsable)
        guard !usable.isEmpty else {
            let used = Set(all.map(\.algorithm)).sorted().map(String.init).joined(separator: ", ")
            return .insecure("\(name) is signed with algorithms or digests that this node does not know (\(used))")
        }
        // A digest by SHA-1 says nothing where there is a better one (RFC 4509 section 3).
        if usable.contains(where: { $0.digestType != 1 }) { usable.removeAll { $0.digestType == 1 } }
        let signers = usable.prefix(Self.mostSigners)
        return .zone(try await secureZone(name, "the DS in its parent zone") { signers.contains(where: $0.matches) })
    }

    /// The zone's keys, once one that is vouched for has signed all of them.
    private mutating func secureZone(
        _ name: CanonicalName, _ source: String, _ isVouchedFor: (ZoneKey) -> Bool
    ) async throws(ValidationEnd) -> SecureZone {
        let (_, sections) = try await queries.ask(name, .dnskey)
        guard let set = sections.answer(name, .dnskey) else {
            throw .bogus("\(name) has no DNSKEY, and \(source) says that it is signed")
        }
        guard set.records.count <= Self.mostKeys else {
            throw .bogus("\(name) has \(set.records.count) DNSKEYs; more than \(Self.mostKeys) are not looked at")
        }
        let keys = set.records.compactMap(ZoneKey.init)
        let vouched = keys.filter(isVouchedFor)
        guard !vouched.isEmpty else { throw .bogus("No DNSKEY of \(name) matches \(source)") }
        let signature = try await check.verify(set, of: name, by: vouched)
        links.append(
            DNSSECVerdict.Link(
                zone: name.description, keyTag: Int(signature.tag), algorithm: signature.algorithm))
        return SecureZone(name: name, keys: keys.filter { SignatureAlgorithm.isKnown($0.algorithm) })
    }

    /// Real zones have fewer than ten; each costs a digest for each DS.
    private static let mostKeys = 64
    private static let mostSigners = 16

    /// The denial records of an answer, those of them that the zone has signed.
    mutating func denial(
        in sections: RecordSets, of zone: SecureZone
    ) async throws(ValidationEnd) -> any DenialProof {
        var (plain, hashed): ([LDNSRecord], [LDNSRecord]) = ([], [])
        for set in sections.authority where set.type == .nsec || set.type == .nsec3 {
            // A referral's proof may come beside records of other zones.
            guard set.signer == nil || set.signer == zone.name else { continue }
            let signature = try await check.verify(set, of: zone.name, by: zone.keys)
            // A wildcard's own NSEC, expanded, would deny what it does not speak of.
            guard signature.labels >= set.owner.labelCount - (set.owner.isWildcard ? 1 : 0) else { continue }
            if set.type == .nsec { plain += set.records } else { hashed += set.records }
        }
        return hashed.isEmpty
            ? PlainDenial(plain, of: zone.name) as any DenialProof : HashedDenial(hashed, of: zone.name)
    }
}
