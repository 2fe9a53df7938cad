import CLdns

/// Records of one owner and type, with the signatures that came for them.
struct SignedSet {
    let owner: CanonicalName
    let type: DNSRecordType
    /// Each once (RFC 4034 section 6.3).
    private(set) var records: [LDNSRecord] = []
    private(set) var signatures: [RecordSignature] = []
    private var seen: Set<[UInt8]> = []

    init(owner: CanonicalName, type: DNSRecordType) {
        self.owner = owner
        self.type = type
    }

    /// `www.example. A`, for a sentence.
    var title: String { "\(owner) \(type)" }

    /// The zone that the signatures name, where it can sign this owner at all.
    var signer: CanonicalName? { signatures.first { owner.isAtOrBelow($0.signer) }?.signer }

    mutating func add(_ record: LDNSRecord) {
        if seen.insert(record.data).inserted { records.append(record) }
    }

    mutating func add(_ signature: RecordSignature) { signatures.append(signature) }
}

/// An RRSIG (RFC 4034 section 3).
struct RecordSignature {
    let record: LDNSRecord
    let covered: DNSRecordType
    let signer: CanonicalName

    init?(_ record: LDNSRecord) {
        guard record.type == .rrsig, ldns_rr_rd_count(record.pointer) == 9, let signer = record.name(7) else {
            return nil
        }
        self.record = record
        self.signer = signer
        covered = DNSRecordType(rawValue: UInt16(truncatingIfNeeded: record.number(0)))
    }

    var algorithm: Int { record.number(1) }
    /// Of the owner under which it was made; fewer than the owner has where a wildcard stood.
    var labels: Int { record.number(2) }
    var tag: UInt16 { UInt16(truncatingIfNeeded: record.number(6)) }

    /// Seconds since 1970 modulo 2^32 (RFC 4034 section 3.1.5).
    var expiration: UInt32 { UInt32(truncatingIfNeeded: record.number(4)) }
    var inception: UInt32 { UInt32(truncatingIfNeeded: record.number(5)) }
}
