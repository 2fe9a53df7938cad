/// What verified NSEC or NSEC3 records say about a name.
enum Denial: Equatable {
    case proven
    /// Nothing is proved there, and need not be: an opt-out span (RFC 5155 section 6), too many iterations.
    case insecure(String)
    case unproven(String)
}

/// What lies at a name below a zone's apex, by the proof that it has no DS.
enum DelegationDenial: Equatable {
    /// NS and no DS: what is below is not signed.
    case insecure(String)
    /// The name belongs to the zone, or is an empty node in it.
    case noCut
    /// The zone has no such name, and nothing below it.
    case nothing
    case unproven(String)
}

/// A proof of denial by the records of one zone, all of them verified.
protocol DenialProof {
    /// The name exists, and has no such type (or a wildcard stands for it that has none).
    func noData(_ name: CanonicalName, _ type: DNSRecordType) -> Denial
    /// Neither the name nor a wildcard for it exists.
    func nameError(_ name: CanonicalName) -> Denial
    /// A wildcard whose parent has `labels` labels may stand for the name: nothing that is closer exists.
    func wildcardApplies(to name: CanonicalName, labels: Int) -> Denial
    func delegation(_ name: CanonicalName) -> DelegationDenial
}

/// The types at a name, as NSEC and NSEC3 list them.
struct TypeList {
    let record: LDNSRecord
    /// Where the bitmap is in the record's data.
    let field: Int

    func has(_ type: DNSRecordType) -> Bool { record.bitmap(field, has: type) }

    /// A parent's record at a delegation: it speaks of NS and DS only (RFC 6840 section 4.1).
    var isParentSide: Bool { has(.ns) && !has(.soa) }

    /// Nothing below it is in the zone.
    var endsZone: Bool { isParentSide || has(.dname) }

    func denies(_ type: DNSRecordType, at name: CanonicalName) -> Denial {
        if has(type) || has(.cname) { return .unproven("the proof lists \(type) or CNAME at \(name)") }
        if type == .ds {
            let isApex = has(.soa) && name != .root
            return isApex ? .unproven("the proof for \(name) is of the child's side, and DS is the parent's") : .proven
        }
        return isParentSide ? .unproven("the proof for \(name) is of the parent's side of a delegation") : .proven
    }

    func delegation(_ name: CanonicalName) -> DelegationDenial {
        if case .unproven(let reason) = denies(.ds, at: name), !has(.cname) { return .unproven(reason) }
        return has(.ns) ? .insecure("\(name) is delegated without DS") : .noCut
    }
}

/// Denial by NSEC (RFC 4034 section 4, RFC 4035 section 5.4).
struct PlainDenial: DenialProof {
    private struct Span {
        var owner: CanonicalName
        var next: CanonicalName
        var types: TypeList
    }

    private let zone: CanonicalName
    private let spans: [Span]

    init(_ records: [LDNSRecord], of zone: CanonicalName) {
        self.zone = zone
        spans = records.compactMap { record in
            record.name(0).map { Span(owner: record.owner, next: $0, types: TypeList(record: record, field: 1)) }
        }
    }

    private func matching(_ name: CanonicalName) -> TypeList? { spans.first { $0.owner == name }?.types }

    /// The record that says that there is nothing between two names, `name` being between them.
    private func covering(_ name: CanonicalName) -> Span? {
        spans.first { span in
            // The last one leads back to the apex.
            span.owner < name && (name < span.next || span.next == zone) && name.isBelow(zone)
                && !(name.isBelow(span.owner) && span.types.endsZone)
        }
    }

    private func encloser(of name: CanonicalName, _ span: Span) -> CanonicalName {
        let (left, right) = (name.commonAncestor(with: span.owner), name.commonAncestor(with: span.next))
        return left.labelCount >= right.labelCount ? left : right
    }

    func noData(_ name: CanonicalName, _ type: DNSRecordType) -> Denial {
        if let types = matching(name) { return types.denies(type, at: name) }
        guard let span = covering(name) else { return .unproven("no NSEC record is at \(name) or covers it") }
        if span.next.isBelow(name) { return .proven }
        guard let wildcard = encloser(of: name, span).wildcardBelow, let types = matching(wildcard) else {
            return .unproven("the NSEC records say that \(name) does not exist, and the answer that it does")
        }
        return types.denies(type, at: wildcard)
    }

    func nameError(_ name: CanonicalName) -> Denial {
        guard let span = covering(name) else { return .unproven("no NSEC record covers \(name)") }
        if span.next.isBelow(name) { return .unproven("the NSEC records say that there are names below \(name)") }
        guard let wildcard = encloser(of: name, span).wildcardBelow, covering(wildcard) != nil else {
            return .unproven("no NSEC record denies a wildcard for \(name)")
        }
        return .proven
    }

    func wildcardApplies(to name: CanonicalName, labels: Int) -> Denial {
        guard let span = covering(name), encloser(of: name, span).labelCount <= labels else {
            return .unproven("no NSEC record proves that a wildcard may stand for \(name)")
        }
        return .proven
    }

    func delegation(_ name: CanonicalName) -> DelegationDenial {
        if let types = matching(name) { return types.delegation(name) }
        guard let span = covering(name) else {
            return .unproven("no NSEC record proves that \(name) has no DS")
        }
        return span.next.isBelow(name) ? .noCut : .nothing
    }
}
