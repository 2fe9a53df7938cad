/// A server of a zone, and the addresses that are known for it.
struct DNSNameServer {
    /// Nil for a root hint that is an address only.
    var name: CanonicalName?
    var addresses: [SocketAddress]
}

/// What a server's answer means for the walk.
enum DNSWalkStep {
    case referral(CanonicalName, [DNSNameServer])
    /// Records of the question, or what an alias in the answer leads to.
    case answer
    case alias(CanonicalName)
    case noData
    case nameError
    case lame(String)

    private static let mostAliases = 16
    private static let mostServers = 32

    /// - Parameters:
    ///   - zone: of which the server was asked as a server.
    ///   - port: of the servers that it names.
    init(
        _ reply: DNSReply, _ sets: RecordSets, to name: CanonicalName, _ type: DNSRecordType, in zone: CanonicalName,
        port: UInt16
    ) {
        let code = reply.answer.responseCode
        guard code == .noError || code == .nameError else {
            self = .lame("It answered \(code).")
            return
        }
        var place = name
        var passed: Set<CanonicalName> = []
        for _ in 0..<Self.mostAliases {
            if sets.answer.contains(where: { $0.owner == place && (type == .any || $0.type == type) }) {
                self = .answer
                return
            }
            guard let target = sets.answer(place, .cname)?.records.first?.name(0) else { break }
            place = target
            // In a circle; the walk sees that.
            if !passed.insert(place).inserted { break }
        }
        if !passed.isEmpty {
            self = .alias(place)
        } else if code == .nameError {
            self = .nameError
        } else if let referral = Self.referral(sets, name, below: zone, port: port) {
            self = referral
        } else if reply.answer.flags.authoritative || sets.authority.contains(where: { $0.type == .soa }) {
            self = .noData
        } else {
            self = .lame("It knows neither the name nor who serves it.")
        }
    }

    /// Only downwards: each referral leads nearer to the name, so that a walk ends.
    private static func referral(
        _ sets: RecordSets, _ name: CanonicalName, below zone: CanonicalName, port: UInt16
    ) -> DNSWalkStep? {
        guard let delegation = sets.authority.first(where: { $0.type == .ns }), delegation.owner.isBelow(zone),
            name.isAtOrBelow(delegation.owner)
        else { return nil }
        let servers = delegation.records.compactMap { $0.name(0) }.prefix(mostServers).map { server in
            // Glue counts where the answering zone may speak for it (RFC 2181 section 5.4.1).
            let glue = server.isAtOrBelow(zone) ? sets.additional.filter { $0.owner == server } : []
            let addresses = glue.filter { $0.type == .a || $0.type == .aaaa }.flatMap(\.records)
                .compactMap { $0.bytes(0).flatMap { IPAddress(bytes: $0) } }
            return DNSNameServer(name: server, addresses: addresses.map { SocketAddress($0, port: port) })
        }
        return .referral(delegation.owner, Array(servers))
    }
}
