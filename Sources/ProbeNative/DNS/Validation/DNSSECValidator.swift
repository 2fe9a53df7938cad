import CLdns

/// Validates one answer, set by set along its aliases, against a chain of trust.
struct DNSSECValidator {
    private var chain: ChainOfTrust
    /// Why the answer is no more than insecure.
    private var insecurity: String?

    init(_ anchors: TrustAnchors, _ queries: ValidationQueries, _ time: any TimeSource) {
        chain = ChainOfTrust(anchors, queries, time)
    }

    mutating func judge(_ reply: DNSReply, to name: DNSName, _ type: DNSRecordType) async -> DNSSECVerdict {
        var verdict: DNSSECVerdict
        do throws(ValidationEnd) {
            try await validate(reply, CanonicalName(name), type)
            verdict = DNSSECVerdict(insecurity == nil ? .secure : .insecure, insecurity)
        } catch {
            verdict =
                switch error {
                case .bogus(let reason): DNSSECVerdict(.bogus, reason)
                case .undecided(let reason): DNSSECVerdict(.indeterminate, reason)
                case .stopped(let failure): DNSSECVerdict(.indeterminate, failure.detail, cause: failure)
                }
        }
        verdict.chain = chain.links
        verdict.queries = chain.queries.count
        return verdict
    }

    private static let mostAliases = 16

    private mutating func validate(
        _ reply: DNSReply, _ question: CanonicalName, _ type: DNSRecordType
    ) async throws(ValidationEnd) {
        let sections: RecordSets
        do throws(ProbeFailure) { sections = try RecordSets(reply.wire ?? []) } catch { throw .stopped(error) }
        var name = question
        for _ in 0..<Self.mostAliases {
            try chain.requireAnchor(above: name)
            let sets = sections.answer.filter { $0.owner == name && (type == .any || $0.type == type) }
            if !sets.isEmpty {
                for set in sets { try await positive(set, sections) }
                return
            }
            guard let target = try await alias(of: name, sections) else {
                return try await negative(name, type, reply, sections, isAliased: name != question)
            }
            name = target
        }
        throw .bogus("The answer follows more than \(Self.mostAliases) aliases")
    }

    // MARK: Aliases

    /// Where a verified CNAME leads, or one that follows from a verified DNAME (RFC 6672 section 5.3.1).
    private mutating func alias(
        of name: CanonicalName, _ sections: RecordSets
    ) async throws(ValidationEnd) -> CanonicalName? {
        if let redirection = sections.answer.first(where: { $0.type == .dname && name.isBelow($0.owner) }),
            let record = redirection.records.first, let base = record.name(0)
        {
            try await positive(redirection, sections)
            var target: CanonicalName? = base
            let kept = name.labels.dropLast(redirection.owner.labelCount)
            for label in kept.reversed() { target = target?.child(label) }
            guard let target else { throw .bogus("The DNAME of \(redirection.owner) makes \(name) too long") }
            return target
        }
        guard let set = sections.answer(name, .cname) else { return nil }
        guard set.records.count == 1, let target = set.records[0].name(0) else {
            throw .bogus("\(name) has more than one CNAME")
        }
        try await positive(set, sections)
        return target
    }

    // MARK: Sets

    private mutating func positive(_ set: SignedSet, _ sections: RecordSets) async throws(ValidationEnd) {
        // DS belongs to the zone above.
        let place = set.type == .ds ? set.owner.parent ?? .root : set.owner
        guard let signer = set.signer, signer == place || place.isBelow(signer) else {
            switch try await chain.zone(holding: place) {
            case .insecure(let reason): return note(reason)
            case .secure(let zone):
                throw .bogus("\(set.title) has no signature, and its zone \(zone.name) is signed")
            }
        }
        switch try await chain.zone(holding: signer) {
        case .insecure(let reason): note(reason)
        case .secure(let zone) where zone.name != signer:
            throw .bogus("\(set.title) is signed by \(signer), which is no zone below \(zone.name)")
        case .secure(let zone):
            let signature: RecordSignature
            do throws(ValidationEnd) {
                signature = try await chain.check.verify(set, of: signer, by: zone.keys)
            } catch {
                // An unsigned zone below may carry what its parent once signed.
                guard place != signer, case .insecure(let reason) = try await chain.zone(holding: place) else {
                    throw error
                }
                return note(reason)
            }
            try await checkWildcard(set, signature, zone, sections)
        }
    }

    /// A set that was made from a wildcard needs the proof that nothing closer exists (RFC 4035 section 5.3.4).
    private mutating func checkWildcard(
        _ set: SignedSet, _ signature: RecordSignature, _ zone: SecureZone, _ sections: RecordSets
    ) async throws(ValidationEnd) {
        guard signature.labels < set.owner.labelCount - (set.owner.isWildcard ? 1 : 0) else { return }
        let proof = try await chain.denial(in: sections, of: zone)
        try accept(
            proof.wildcardApplies(to: set.owner, labels: signature.labels),
            or: "\(set.title) is made from a wildcard without a proof")
    }

    // MARK: Denials

    private mutating func negative(
        _ name: CanonicalName, _ type: DNSRecordType, _ reply: DNSReply, _ sections: RecordSets, isAliased: Bool
    ) async throws(ValidationEnd) {
        // An authoritative server stops where an alias leaves its zones.
        if isAliased, sections.authority.isEmpty, !reply.answer.flags.recursionAvailable {
            throw .undecided("The answer ends at the alias \(name)")
        }
        let place = type == .ds ? name.parent ?? .root : name
        let isNameError = reply.answer.responseCode == .nameError
        let signer = sections.authority.first { [.nsec, .nsec3].contains($0.type) && $0.signer != nil }?.signer
        guard let signer, place.isAtOrBelow(signer) else {
            switch try await chain.zone(holding: place) {
            case .insecure(let reason): return note(reason)
            case .secure(let zone):
                let what = isNameError ? "\(name) does not exist" : "\(name) has no \(type)"
                throw .bogus("That \(what) is not proved by NSEC or NSEC3 records, and the zone \(zone.name) is signed")
            }
        }
        guard case .secure(let zone) = try await chain.zone(holding: signer), zone.name == signer else {
            switch try await chain.zone(holding: place) {
            case .insecure(let reason): return note(reason)
            case .secure: throw .bogus("The denial is signed by \(signer), which is no signed zone")
            }
        }
        let proof = try await chain.denial(in: sections, of: zone)
        let denial = isNameError ? proof.nameError(name) : proof.noData(name, type)
        if case .unproven = denial, place != signer, case .insecure(let reason) = try await chain.zone(holding: place) {
            return note(reason)
        }
        try accept(denial, or: "That \(name) \(isNameError ? "does not exist" : "has no \(type)") is not proved")
    }

    private mutating func accept(_ denial: Denial, or complaint: String) throws(ValidationEnd) {
        switch denial {
        case .proven: return
        case .insecure(let reason): note(reason)
        case .unproven(let reason): throw .bogus("\(complaint): \(reason)")
        }
    }

    private mutating func note(_ reason: String) { if insecurity == nil { insecurity = reason } }
}
