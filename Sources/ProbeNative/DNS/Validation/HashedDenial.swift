import CLdns

/// Denial by NSEC3 (RFC 5155 section 8).
struct HashedDenial: DenialProof {
    private struct Span {
        /// In base32hex, whose order is that of the hashes.
        var owner: [UInt8]
        var next: [UInt8]
        var types: TypeList
        /// What is between the two may be delegations that are not signed.
        var isOptOut: Bool
    }

    /// Above it nothing is proved, as in unbound and BIND (RFC 9276 section 3.2 allows less).
    static let mostIterations = 150

    private let zone: CanonicalName
    private var spans: [Span] = []
    private var iterations = 0
    private var salt: [UInt8] = []

    /// Of records that differ in salt or iterations only those that are like the first one count (RFC 5155 section 8.2).
    init(_ records: [LDNSRecord], of zone: CanonicalName) {
        self.zone = zone
        for record in records where record.number(0) == 1 {
            guard let label = record.owner.labels.first, record.owner.parent == zone,
                let salt = record.bytes(3)?.dropFirst(), let next = record.bytes(4)?.dropFirst()
            else { continue }
            if spans.isEmpty { (iterations, self.salt) = (record.number(2), Array(salt)) }
            guard record.number(2) == iterations, self.salt.elementsEqual(salt) else { continue }
            spans.append(
                Span(
                    owner: Array(label), next: Self.base32(next), types: TypeList(record: record, field: 5),
                    isOptOut: record.number(1) & 1 != 0))
        }
    }

    // MARK: Hashes

    private func hash(_ name: CanonicalName) -> [UInt8]? {
        guard let field = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name.wire.count, name.wire) else { return nil }
        defer { ldns_rdf_deep_free(field) }
        guard let hashed = ldns_nsec3_hash_name(field, 1, UInt16(iterations), UInt8(salt.count), salt) else {
            return nil
        }
        defer { ldns_rdf_deep_free(hashed) }
        let bytes = UnsafeBufferPointer(start: ldns_rdf_data(hashed), count: ldns_rdf_size(hashed))
        return CanonicalName(wire: Array(bytes))?.labels.first.map { Array($0) }
    }

    /// base32hex without padding (RFC 4648 section 7), lower case.
    static func base32(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let digits = Array("0123456789abcdefghijklmnopqrstuv".utf8)
        var text: [UInt8] = []
        var (held, bits) = (0, 0)
        for byte in bytes {
            held = (held << 8 | Int(byte)) & 0xfff
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(digits[held >> bits & 31])
            }
        }
        if bits > 0 { text.append(digits[held << (5 - bits) & 31]) }
        return text
    }

    private func matching(_ name: CanonicalName) -> TypeList? {
        guard let hash = hash(name) else { return nil }
        return spans.first { $0.owner == hash }?.types
    }

    private func covering(_ name: CanonicalName) -> Span? {
        guard let hash = hash(name) else { return nil }
        return spans.first { span in
            let isAfter = span.owner.lexicographicallyPrecedes(hash)
            let isBefore = hash.lexicographicallyPrecedes(span.next)
            let isLast = !span.owner.lexicographicallyPrecedes(span.next)
            return isLast ? (isAfter || isBefore) && hash != span.owner : isAfter && isBefore
        }
    }

    /// The closest encloser that is proved to exist, and what covers the name one label below it (section 7.2.1).
    private func encloser(of name: CanonicalName) -> (name: CanonicalName, cover: Span)? {
        var nextCloser = name
        while nextCloser.isBelow(zone), let candidate = nextCloser.parent {
            if let types = matching(candidate) {
                guard !types.endsZone, let cover = covering(nextCloser) else { return nil }
                return (candidate, cover)
            }
            nextCloser = candidate
        }
        return nil
    }

    private var tooCostly: String? {
        iterations > Self.mostIterations
            ? "\(zone) uses NSEC3 with \(iterations) iterations; more than \(Self.mostIterations) prove nothing" : nil
    }

    private static func optOut(_ name: CanonicalName) -> String {
        "\(name) is in an opt-out span of NSEC3, where delegations need not be signed"
    }

    // MARK: Proofs

    func noData(_ name: CanonicalName, _ type: DNSRecordType) -> Denial {
        if let tooCostly { return .insecure(tooCostly) }
        if let types = matching(name) { return types.denies(type, at: name) }
        guard let (encloser, cover) = encloser(of: name) else {
            return .unproven("no NSEC3 record is at \(name), and none proves its closest encloser")
        }
        if let wildcard = encloser.wildcardBelow, let types = matching(wildcard) {
            return types.denies(type, at: wildcard)
        }
        if cover.isOptOut { return .insecure(Self.optOut(name)) }
        return .unproven("the NSEC3 records say that \(name) does not exist, and the answer that it does")
    }

    func nameError(_ name: CanonicalName) -> Denial {
        if let tooCostly { return .insecure(tooCostly) }
        guard let (encloser, cover) = encloser(of: name) else {
            return .unproven("no NSEC3 records prove the closest encloser of \(name)")
        }
        guard let wildcard = encloser.wildcardBelow, covering(wildcard) != nil else {
            return .unproven("no NSEC3 record denies a wildcard for \(name)")
        }
        return cover.isOptOut ? .insecure(Self.optOut(name)) : .proven
    }

    func wildcardApplies(to name: CanonicalName, labels: Int) -> Denial {
        if let tooCostly { return .insecure(tooCostly) }
        guard let cover = covering(name.ancestor(labels: labels + 1)) else {
            return .unproven("no NSEC3 record proves that a wildcard may stand for \(name)")
        }
        return cover.isOptOut ? .insecure(Self.optOut(name)) : .proven
    }

    func delegation(_ name: CanonicalName) -> DelegationDenial {
        if let tooCostly { return .insecure(tooCostly) }
        if let types = matching(name) { return types.delegation(name) }
        guard let (_, cover) = encloser(of: name) else {
            return .unproven("no NSEC3 records prove that \(name) has no DS")
        }
        return cover.isOptOut ? .insecure(Self.optOut(name)) : .nothing
    }
}
