import CLdns

/// Checks signatures by ldns, and no more of them than a chain of trust needs: a zone can be made so that each of its
/// many keys could have made each of its many signatures (CVE-2023-50387, "KeyTrap").
struct SignatureCheck {
    static let mostInAll = 128
    static let mostPerSet = 8

    let time: any TimeSource
    private(set) var spent = 0

    init(_ time: any TimeSource) { self.time = time }

    /// A signature of `set` that one of the zone's keys made and that is valid now.
    /// - Throws: `bogus` with what is wrong with the best of them.
    mutating func verify(
        _ set: SignedSet, of zone: CanonicalName, by keys: [ZoneKey]
    ) async throws(ValidationEnd) -> RecordSignature {
        guard !set.signatures.isEmpty else { throw .bogus("\(set.title) has no signature, and \(zone) is signed") }
        var faults: [Fault] = []
        var left = Self.mostPerSet
        for signature in set.signatures {
            if let fault = fault(of: signature, set, zone) {
                faults.append(fault)
                continue
            }
            let candidates = keys.filter { $0.tag == signature.tag && $0.algorithm == signature.algorithm }
            if candidates.isEmpty {
                faults.append(
                    Fault(.key, "was made by key \(signature.tag), which is not among the keys of \(zone)"))
            }
            for key in candidates {
                guard left > 0, spent < Self.mostInAll else {
                    throw .bogus("\(set.title) has more signatures and keys than are tried")
                }
                left -= 1
                spent += 1
                if Self.verifies(set, signature, key, at: seconds) { return signature }
                faults.append(Fault(.crypto, "does not verify with key \(key.tag) of \(zone)"))
                // Each takes up to some milliseconds, which others on this reactor should not wait for.
                await Task.yield()
            }
        }
        let worst = faults.max { $0.rank.rawValue < $1.rank.rawValue }
        throw .bogus("The signature of \(set.title) \(worst?.text ?? "is not valid")")
    }

    /// What is wrong, and how close the signature came to being right.
    private struct Fault {
        enum Rank: Int { case signer, form, key, crypto, time }
        var rank: Rank
        var text: String

        init(_ rank: Rank, _ text: String) {
            self.rank = rank
            self.text = text
        }
    }

    /// What RFC 4035 section 5.3.1 asks for, before any cryptography.
    private func fault(of signature: RecordSignature, _ set: SignedSet, _ zone: CanonicalName) -> Fault? {
        if signature.signer != zone {
            return Fault(.signer, "names the zone \(signature.signer) as its signer, not \(zone)")
        }
        let labels = set.owner.labelCount - (set.owner.isWildcard ? 1 : 0)
        if signature.labels > labels { return Fault(.form, "counts more labels than the name has") }
        if !SignatureAlgorithm.isKnown(signature.algorithm) {
            return Fault(.form, "uses algorithm \(signature.algorithm), which this node does not know")
        }
        if Int32(bitPattern: signature.expiration &- signature.inception) < 0 {
            return Fault(.time, "expires before it begins")
        }
        if Int32(bitPattern: signature.expiration &- seconds) < 0 {
            return Fault(.time, "expired at \(Self.moment(signature.expiration, near: seconds))")
        }
        if Int32(bitPattern: seconds &- signature.inception) < 0 {
            return Fault(.time, "is not valid before \(Self.moment(signature.inception, near: seconds))")
        }
        return nil
    }

    private var seconds: UInt32 { UInt32(truncatingIfNeeded: time.wallTime.nanoseconds / 1_000_000_000) }

    /// The instant within 68 years of `now` that a 32-bit time stands for.
    private static func moment(_ stamp: UInt32, near now: UInt32) -> String {
        let offset = Int64(Int32(bitPattern: stamp &- now))
        return WallTime(nanoseconds: (Int64(now) + offset) * 1_000_000_000).iso8601.prefix(19) + "Z"
    }

    private static func verifies(
        _ set: SignedSet, _ signature: RecordSignature, _ key: ZoneKey, at seconds: UInt32
    ) -> Bool {
        // What OpenSSL says about a bad signature stays in this thread's queue, where TLS would find it.
        defer { OpenSSLErrors.clear() }
        guard let list = ldns_rr_list_new() else { return false }
        // Frees the list and not its records.
        defer { ldns_rr_list_free(list) }
        for record in set.records where ldns_rr_list_push_rr(list, record.pointer) == 0 { return false }
        return ldns_verify_rrsig_time(list, signature.record.pointer, key.record.pointer, time_t(seconds))
            == LDNS_STATUS_OK
    }
}
