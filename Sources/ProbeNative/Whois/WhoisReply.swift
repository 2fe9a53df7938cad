/// What a whois server's text says. There is no format: registries write `key: value` lines, keys above indented
/// values, or keys in brackets, each with words of its own.
struct WhoisReply: Sendable {
    private(set) var record = WhoisRecord()
    /// The domain that the record is about, in lower case; nil when it does not say.
    private(set) var subject: String?
    /// The server that this one refers to.
    private(set) var referral: WhoisServer?
    /// It says that it has no such record.
    private(set) var isNothing = false

    private enum Field {
        case domain, registrar, created, updated, expires, nameserver, status, abuse
        /// A server to go on with; `whois` names that of the record's subject, which for a top-level domain is the
        /// registry of the names below it.
        case referral, subjectServer
    }

    private var subjectServer: WhoisServer?
    /// A key whose values are on the lines below it.
    private var block: (field: Field?, hasValue: Bool)?

    init(_ text: String, about target: WhoisTarget) {
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { take(line) }
        block = nil
        if referral == nil, subject != target.description { referral = subjectServer }
        var rest = record
        rest.status = []
        // Some give the state of names that nobody has: "Status: free".
        if rest.isEmpty { isNothing = Self.saysNothing(text) }
    }

    // MARK: Lines

    private mutating func take(_ line: Substring) {
        let text = line.trimmingBlanks
        guard !text.isEmpty else {
            if block?.hasValue == true { block = nil }
            return
        }
        if text.hasPrefix("%") || text.hasPrefix("#") { return takeComment(text) }
        if let (key, value) = Self.field(text) {
            let field = Self.fields[key]
            if value.isEmpty {
                block = (field, false)
                return
            }
            if let field {
                block = nil
                return note(field, value)
            }
        }
        guard let field = block?.field else { return }
        block?.hasValue = true
        note(field, text)
    }

    /// RIPE's, which has no line of its own for it: "% Abuse contact for '192.0.2.0 - 192.0.2.255' is 'abuse@example.net'".
    private mutating func takeComment(_ text: String) {
        guard text.hasPrefix("% Abuse contact for "), let start = text.firstRange(of: " is '") else { return }
        note(.abuse, text[start.upperBound...].prefix { $0 != "'" }.trimmingBlanks)
    }

    private static let longestKey = 48

    /// `Key: value`, `key......: value`, `[Key]  value` or `a. [Key]  value`; the key in lower case.
    private static func field(_ text: String) -> (key: String, value: String)? {
        if let open = text.firstIndex(of: "["), text[..<open].utf8.count <= 4,
            let close = text[open...].firstIndex(of: "]"), text[open..<close].utf8.count <= longestKey
        {
            return (
                text[text.index(after: open)..<close].lowercased(), text[text.index(after: close)...].trimmingBlanks
            )
        }
        guard let colon = text.utf8.prefix(longestKey).firstIndex(of: UInt8(ascii: ":")) else { return nil }
        var key = text[..<colon].trimmingBlanks.lowercased()
        while key.hasSuffix(".") || key.hasSuffix(" ") { key.removeLast() }
        return key.isEmpty ? nil : (key, text[text.index(after: colon)...].trimmingBlanks)
    }

    private mutating func note(_ field: Field, _ value: String) {
        let value = String(value.prefix(1024))
        switch field {
        case .domain:
            if subject == nil { subject = Self.domain(value) }
        case .registrar: Self.set(&record.registrar, String(value.prefix(WhoisRecord.longestValue)))
        case .created: Self.set(&record.created, WhoisDate.normalise(value))
        case .updated: Self.set(&record.updated, WhoisDate.normalise(value))
        case .expires: Self.set(&record.expires, WhoisDate.normalise(value))
        case .nameserver: for part in value.split(separator: ",") { record.add(nameserver: part.trimmingBlanks) }
        case .status: for part in value.split(separator: ",") { record.add(status: part.trimmingBlanks) }
        case .abuse:
            if value.contains("@") { Self.set(&record.abuseContact, String(value.prefix(WhoisRecord.longestValue))) }
        case .referral: Self.set(&referral, Self.server(value))
        case .subjectServer: Self.set(&subjectServer, Self.server(value))
        }
    }

    /// The first one counts: what follows is about registrants, name servers and networks above.
    private static func set<Value>(_ place: inout Value?, _ value: Value?) { place = place ?? value }

    /// A word without a dot ("none") is no server.
    private static func server(_ value: String) -> WhoisServer? {
        guard let server = WhoisServer(value) else { return nil }
        if case .name(let name) = server.host, !name.contains(".") { return nil }
        return server
    }

    private static func domain(_ value: String) -> String? {
        let name = value.split(separator: " ").first?.lowercased() ?? ""
        return name.isEmpty ? nil : name.hasSuffix(".") ? String(name.dropLast()) : name
    }

    // MARK: Words

    private static let fields: [String: Field] = {
        let words: [(Field, [String])] = [
            (.domain, ["domain", "domain name"]),
            (.registrar, ["registrar", "sponsoring registrar", "registrar name", "registrar organization"]),
            (
                .created,
                [
                    "creation date", "created", "created on", "created date", "registered", "registered on",
                    "registered date", "registration date", "registration time", "regdate", "domain create date",
                    "domain registration date", "domain name commencement date", "record created", "activated",
                ]
            ),
            (
                .updated,
                [
                    "updated date", "updated", "updated on", "changed", "modified", "last modified", "last-modified",
                    "last updated", "last update", "last-update", "last updated on", "last updated date",
                    "record last updated on", "modification date", "domain last updated",
                ]
            ),
            (
                .expires,
                [
                    "registry expiry date", "registrar registration expiration date", "expiry date", "expiration date",
                    "expires", "expires on", "expire", "expire date", "expiration time", "exp date", "paid-till",
                    "renewal date", "valid until", "validity", "domain expiration date", "record expires on",
                ]
            ),
            (
                .nameserver,
                [
                    "name server", "name servers", "nameserver", "nameservers", "nserver", "domain nameservers",
                    "domain servers in listed order", "dns servers",
                ]
            ),
            (.status, ["domain status", "status", "registration status", "state", "eppstatus"]),
            (
                .abuse,
                [
                    "registrar abuse contact email", "abuse contact email", "abuse contact", "abuse-mailbox",
                    "orgabuseemail", "abuse email",
                ]
            ),
            (.referral, ["refer", "referralserver", "registrar whois server", "whois server"]),
            (.subjectServer, ["whois"]),
        ]
        return Dictionary(words.flatMap { field, keys in keys.map { ($0, field) } }) { first, _ in first }
    }()

    private static let nothing = [
        "no match", "not found", "no data found", "no entries found", "no object found", "nothing found",
        "no information available", "no such domain", "is available", "is free", "not registered", "status: free",
        "status: available",
        "does not exist", "no matching record", "object does not exist",
    ]

    /// By the words that registries say it with, near the beginning.
    private static func saysNothing(_ text: String) -> Bool {
        let start = text.utf8.prefix(4096)
        let lower = String(decoding: start, as: UTF8.self).lowercased()
        return nothing.contains { lower.contains($0) }
    }
}
