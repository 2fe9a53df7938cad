import CLdns

/// A DNSKEY (RFC 4034 section 2).
struct ZoneKey {
    let record: LDNSRecord
    let tag: UInt16
    var algorithm: Int { record.number(2) }

    /// Nil when it is none that signs zone data: another protocol, no zone key, revoked (RFC 5011 section 2.1).
    init?(_ record: LDNSRecord) {
        guard record.type == .dnskey, let key = record.bytes(3), !key.isEmpty else { return nil }
        let flags = record.number(0)
        guard flags & 0x0100 != 0, flags & 0x0080 == 0, record.number(1) == 3 else { return nil }
        self.record = record
        tag = ldns_calc_keytag(record.pointer)
    }

    /// Whether `ds` is this key's digest.
    func matches(_ ds: DelegationSigner) -> Bool {
        guard ds.tag == tag, ds.algorithm == algorithm, let hash = ds.hash,
            let made = ldns_key_rr2ds(record.pointer, hash)
        else { return false }
        defer { ldns_rr_free(made) }
        guard let mine = ldns_rr_rdf(made, 3), let theirs = ldns_rr_rdf(ds.record.pointer, 3) else { return false }
        return ldns_rdf_compare(mine, theirs) == 0
    }
}

/// A DS (RFC 4034 section 5).
struct DelegationSigner {
    let record: LDNSRecord
    var tag: UInt16 { UInt16(truncatingIfNeeded: record.number(0)) }
    var algorithm: Int { record.number(1) }
    var digestType: Int { record.number(2) }

    var hash: ldns_hash? {
        switch digestType {
        case 1: LDNS_SHA1
        case 2: LDNS_SHA256
        case 4: LDNS_SHA384
        default: nil
        }
    }

    var isUsable: Bool { hash != nil && SignatureAlgorithm.isKnown(algorithm) }
}

/// The numbers of IANA's "DNS Security Algorithm Numbers" that ldns verifies here.
enum SignatureAlgorithm {
    /// RSA with SHA-1, SHA-256 and SHA-512, ECDSA, Ed25519 and Ed448. DSA and RSA with MD5 must not be used (RFC 8624).
    private static let known: Set<Int> = [5, 7, 8, 10, 13, 14, 15, 16]

    static func isKnown(_ number: Int) -> Bool { known.contains(number) }
}
