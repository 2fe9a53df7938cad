/// Reads a registry's RDAP answer (RFC 9083).
enum RDAPRecord {
    private static let deepest = 4

    static func read(_ answer: ParameterValue) -> WhoisRecord {
        var record = WhoisRecord()
        let events = answer["events"]?.elements ?? []
        func date(_ action: String) -> String? {
            let event = events.first { $0["eventAction"]?.text?.lowercased() == action }
            return event?["eventDate"]?.text.flatMap { WhoisDate.normalise($0) }
        }
        record.created = date("registration")
        record.updated = date("last changed")
        record.expires = date("expiration") ?? date("registrar expiration")
        for server in answer["nameservers"]?.elements ?? [] {
            if let name = server["ldhName"]?.text { record.add(nameserver: name) }
        }
        for status in answer["status"]?.elements ?? [] { if let text = status.text { record.add(status: text) } }
        record.registrar = entities(of: answer, with: "registrar").lazy.compactMap { property("fn", of: $0) }.first
        record.abuseContact = entities(of: answer, with: "abuse").lazy.compactMap { property("email", of: $0) }.first
        return record
    }

    /// Entities with a role, also those within others: a registrar's abuse contact is.
    private static func entities(of value: ParameterValue, with role: String, depth: Int = 0) -> [ParameterValue] {
        guard depth < deepest else { return [] }
        return (value["entities"]?.elements ?? []).flatMap { entity in
            let hasRole = entity["roles"]?.elements.contains { $0.text?.lowercased() == role } == true
            return (hasRole ? [entity] : []) + entities(of: entity, with: role, depth: depth + 1)
        }
    }

    /// Of its jCard (RFC 7095): `["vcard", [["fn", {}, "text", "Example Inc."], ...]]`.
    private static func property(_ name: String, of entity: ParameterValue) -> String? {
        let card = entity["vcardArray"]?.elements.dropFirst().first?.elements ?? []
        let property = card.first { $0.elements.first?.text?.lowercased() == name }
        let text = property?.elements.dropFirst(3).first?.text
        return text.map { String($0.prefix(WhoisRecord.longestValue)) }
    }
}
