/// What programs want to know of a registration, whichever way the registry writes it.
public struct WhoisRecord: Sendable, Hashable {
    public var registrar: String?
    /// ISO 8601, with a time where the registry gives one.
    public var created: String?
    public var updated: String?
    public var expires: String?
    /// In lower case, without final dots.
    public var nameservers: [String] = []
    public var status: [String] = []
    public var abuseContact: String?

    static let mostNameservers = 64
    static let mostStatuses = 32
    /// Characters of a value.
    static let longestValue = 256

    public init() {}

    public var isEmpty: Bool { self == WhoisRecord() }

    /// Takes over from `other` what this one does not say.
    mutating func complete(with other: WhoisRecord) {
        registrar = registrar ?? other.registrar
        created = created ?? other.created
        updated = updated ?? other.updated
        expires = expires ?? other.expires
        if nameservers.isEmpty { nameservers = other.nameservers }
        if status.isEmpty { status = other.status }
        abuseContact = abuseContact ?? other.abuseContact
    }

    mutating func add(nameserver text: some StringProtocol) {
        guard nameservers.count < Self.mostNameservers,
            let word = text.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "," }).first
        else { return }
        let name = word.lowercased()
        let bare = name.hasSuffix(".") ? String(name.dropLast()) : name
        guard bare.contains("."), case .name? = try? Host(bare), !nameservers.contains(bare) else { return }
        nameservers.append(bare)
    }

    mutating func add(status text: some StringProtocol) {
        // "clientTransferProhibited https://icann.org/epp#clientTransferProhibited"
        let text = text.firstRange(of: "http").map { String(text[..<$0.lowerBound]) } ?? String(text)
        let value = text.trimmingBlanks.prefix(Self.longestValue)
        let name = value.hasSuffix("(") ? String(value.dropLast()).trimmingBlanks : String(value)
        guard !name.isEmpty, status.count < Self.mostStatuses, !status.contains(name) else { return }
        status.append(name)
    }

    /// Days until it expires, negative after that, by the date alone.
    public func daysLeft(at now: WallTime) -> Int? {
        guard let expires else { return nil }
        let parts = expires.prefix(10).split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3 else { return nil }
        let (day, rest) = now.nanoseconds.quotientAndRemainder(dividingBy: 86_400_000_000_000)
        return WallTime.days(parts[0], parts[1], parts[2]) - Int(rest < 0 ? day - 1 : day)
    }

    func write(to writer: inout some ReportWriter, at now: WallTime) {
        writer.object("parsed") { writer in
            writer.field("registrar", registrar)
            writer.field("created", created)
            writer.field("updated", updated)
            writer.field("expires", expires)
            writer.field("days_left", daysLeft(at: now))
            writer.strings("nameservers", nameservers)
            writer.strings("status", status)
            writer.field("abuse_contact", abuseContact)
        }
    }
}
