import CLdns

/// The keys that are trusted without a proof, by zone (RFC 4035 section 4.4).
public struct TrustAnchors: Sendable, Hashable {
    /// DS and DNSKEY records in presentation form.
    let lines: [String]

    /// The root's key signing keys, of 2017 and 2024 (IANA, https://data.iana.org/root-anchors/root-anchors.xml).
    public static let root = TrustAnchors(checked: [
        ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
        ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
    ])

    private init(checked lines: [String]) { self.lines = lines }

    /// Reads records in zone file form, one a line; lines that begin with `;` are comments.
    /// - Throws: `invalid_parameters` naming `parameter`.
    init(_ text: String, parameter: String) throws(InvalidInput) {
        let lines = text.split(whereSeparator: \.isNewline).map { Self.trimmed($0) }
            .filter { !$0.isEmpty && !$0.hasPrefix(";") }
        guard !lines.isEmpty, lines.count <= 64 else {
            throw InvalidInput("\(parameter) must hold from 1 to 64 DS or DNSKEY records, one a line.")
        }
        for line in lines {
            guard Self.isAnchor(line), let record = LDNSRecord(text: line), Self.read(record) != nil else {
                throw InvalidInput(
                    "\(parameter) must hold DS or DNSKEY records with known algorithms, not \(line.quotedForMessage).")
            }
        }
        self.init(checked: lines)
    }

    private static func trimmed(_ line: Substring) -> String { String(line.drop { $0 == " " || $0 == "\t" }) }

    /// Owner, perhaps TTL and class, and one of the two types. Asked before ldns reads the line: for other types it may
    /// call getservbyname(3), which reads files.
    private static func isAnchor(_ line: String) -> Bool {
        let words = line.split { $0 == " " || $0 == "\t" }.dropFirst().prefix(4)
        let type = words.first { $0.uppercased() != "IN" && !$0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        return ["DS", "DNSKEY"].contains(type?.uppercased())
    }

    enum Anchor {
        case digest(DelegationSigner)
        case key(ZoneKey)
    }

    private static func read(_ record: LDNSRecord) -> Anchor? {
        switch record.type {
        case .ds:
            let ds = DelegationSigner(record: record)
            return ds.isUsable ? .digest(ds) : nil
        case .dnskey: return ZoneKey(record).map(Anchor.key)
        default: return nil
        }
    }

    func byZone() -> [CanonicalName: [Anchor]] {
        var zones: [CanonicalName: [Anchor]] = [:]
        for record in lines.compactMap({ LDNSRecord(text: $0) }) {
            if let anchor = Self.read(record) { zones[record.owner, default: []].append(anchor) }
        }
        return zones
    }
}

extension TrustAnchors.Anchor {
    func vouches(for key: ZoneKey) -> Bool {
        switch self {
        case .digest(let ds): key.matches(ds)
        case .key(let trusted): trusted.record.data == key.record.data
        }
    }
}
