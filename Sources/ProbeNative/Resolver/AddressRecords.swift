/// Reads a resolver's response to a question for addresses.
enum AddressRecords {
    /// As many links as resolvers follow; a loop ends there too.
    private static let longestChain = 16

    /// The addresses at the end of the name's CNAME chain, or that there are none; with the time that this may be kept.
    static func read(_ answer: DNSAnswer, for key: LookupKey) -> (LookupAnswer, lifetime: Duration) {
        let records = answer.records(in: .answer).filter { $0.recordClass == "IN" }
        var name = key.name + "."
        var ttl = Int.max
        for _ in records.prefix(Self.longestChain) {
            guard let link = records.first(where: { $0.type == "CNAME" && $0.name.lowercased() == name }) else { break }
            name = link.value.lowercased()
            ttl = min(ttl, link.ttl)
        }
        let type = key.type.description
        var addresses: [IPAddress] = []
        for record in records where record.type == type && record.name.lowercased() == name {
            guard let address = IPAddress(record.value), address.family == key.family else { continue }
            if !addresses.contains(address) { addresses.append(address) }
            ttl = min(ttl, record.ttl)
        }
        if !addresses.isEmpty { return (.addresses(addresses), .seconds(ttl)) }
        let negative: LookupAnswer = answer.responseCode == .nameError ? .noSuchName : .noData
        return (negative, .seconds(min(ttl, negativeTTL(answer))))
    }

    /// The lesser of the SOA's TTL and its last field (RFC 2308 section 5); without an SOA nothing is kept.
    private static func negativeTTL(_ answer: DNSAnswer) -> Int {
        guard let soa = answer.records(in: .authority).first(where: { $0.type == "SOA" }),
            let minimum = soa.value.split(separator: " ").last.flatMap({ Int($0) })
        else { return 0 }
        return min(soa.ttl, minimum)
    }
}
