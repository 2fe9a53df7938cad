/// Reads a resolver's response to a question for addresses or names.
enum LookupRecords {
    /// As many links as resolvers follow; a loop ends there too.
    private static let longestChain = 16

    /// What is at the end of the name's CNAME chain, or that there is nothing; with the time that this may be kept.
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
        var values: [String] = []
        for record in records where record.type == type && record.name.lowercased() == name {
            values.append(record.value)
            ttl = min(ttl, record.ttl)
        }
        if let found = found(values, key.wanted) { return (found, .seconds(ttl)) }
        let negative: LookupAnswer = answer.responseCode == .nameError ? .noSuchName : .noData
        return (negative, .seconds(min(ttl, negativeTTL(answer))))
    }

    /// Nil when nothing that was looked for is among the values.
    private static func found(_ values: [String], _ wanted: LookupKey.Wanted) -> LookupAnswer? {
        switch wanted {
        case .addresses(let family):
            let addresses = values.compactMap { IPAddress($0) }.filter { $0.family == family }
            return addresses.isEmpty ? nil : .addresses(withoutRepeats(addresses))
        case .names:
            let names = values.map { $0 != "." && $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
            return names.isEmpty ? nil : .names(withoutRepeats(names))
        }
    }

    private static func withoutRepeats<Element: Hashable>(_ elements: [Element]) -> [Element] {
        var seen: Set<Element> = []
        return elements.filter { seen.insert($0).inserted }
    }

    /// The lesser of the SOA's TTL and its last field (RFC 2308 section 5); without an SOA nothing is kept.
    private static func negativeTTL(_ answer: DNSAnswer) -> Int {
        guard let soa = answer.records(in: .authority).first(where: { $0.type == "SOA" }),
            let minimum = soa.value.split(separator: " ").last.flatMap({ Int($0) })
        else { return 0 }
        return min(soa.ttl, minimum)
    }
}
