import CLdns

/// A response's records by owner and type.
struct RecordSets {
    private(set) var answer: [SignedSet] = []
    private(set) var authority: [SignedSet] = []
    private(set) var additional: [SignedSet] = []

    /// More sets than a real answer has: grouping them must stay cheap.
    private static let mostRecords = 1000

    /// - Parameter message: one that has been decoded already.
    /// - Throws: `protocol_error`, `local_resource_exhausted`.
    init(_ message: [UInt8]) throws(ProbeFailure) {
        var pointer: UnsafeMutablePointer<ldns_pkt>?
        guard ldns_wire2pkt(&pointer, message, message.count) == LDNS_STATUS_OK, let pointer else {
            throw ProbeFailure(.response, .protocolError, "The answer is malformed.")
        }
        let packet = LDNSPacket(owning: pointer)
        answer = try Self.sets(ldns_pkt_answer(packet.pointer))
        authority = try Self.sets(ldns_pkt_authority(packet.pointer))
        additional = try Self.sets(ldns_pkt_additional(packet.pointer))
    }

    func answer(_ owner: CanonicalName, _ type: DNSRecordType) -> SignedSet? {
        answer.first { $0.owner == owner && $0.type == type }
    }

    private static func sets(_ list: UnsafeMutablePointer<ldns_rr_list>?) throws(ProbeFailure) -> [SignedSet] {
        struct Key: Hashable {
            var owner: CanonicalName
            var type: DNSRecordType
        }
        var sets: [SignedSet] = []
        var places: [Key: Int] = [:]
        var signatures: [RecordSignature] = []
        let count = ldns_rr_list_rr_count(list)
        guard count <= mostRecords else {
            throw ProbeFailure(
                .response, .protocolError, "The answer has more than \(mostRecords) records in a section.")
        }
        for index in 0..<count {
            guard let original = ldns_rr_list_rr(list, index), let record = LDNSRecord(copying: original) else {
                throw ProbeFailure(.response, .localResourceExhausted, "The node has no memory to read the answer.")
            }
            if record.type == .rrsig {
                if let signature = RecordSignature(record) { signatures.append(signature) }
                continue
            }
            let key = Key(owner: record.owner, type: record.type)
            let place = places[key] ?? sets.count
            if place == sets.count {
                places[key] = place
                sets.append(SignedSet(owner: record.owner, type: record.type))
            }
            sets[place].add(record)
        }
        for signature in signatures {
            let key = Key(owner: signature.record.owner, type: signature.covered)
            if let place = places[key] { sets[place].add(signature) }
        }
        return sets
    }
}
