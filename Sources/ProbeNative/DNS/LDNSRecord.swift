import CLdns

/// Owns one `ldns_rr` in canonical form (RFC 4034 section 6.2).
final class LDNSRecord {
    let pointer: UnsafeMutablePointer<ldns_rr>
    let owner: CanonicalName
    let type: DNSRecordType

    /// Takes over `pointer`; nil when it has no readable owner.
    private init?(owning pointer: UnsafeMutablePointer<ldns_rr>) {
        ldns_rr2canonical(pointer)
        guard let owner = Self.bytes(ldns_rr_owner(pointer)).flatMap(CanonicalName.init(wire:)) else {
            ldns_rr_free(pointer)
            return nil
        }
        self.pointer = pointer
        self.owner = owner
        type = DNSRecordType(rawValue: UInt16(truncatingIfNeeded: ldns_rr_get_type(pointer).rawValue))
    }

    /// Nil when memory is out.
    convenience init?(copying original: UnsafePointer<ldns_rr>) {
        guard let copy = ldns_rr_clone(original) else { return nil }
        self.init(owning: copy)
    }

    /// A record in presentation form; nil when ldns cannot read it.
    convenience init?(text: String) {
        var pointer: UnsafeMutablePointer<ldns_rr>?
        guard ldns_rr_new_frm_str(&pointer, text, 0, nil, nil) == LDNS_STATUS_OK, let pointer else { return nil }
        self.init(owning: pointer)
    }

    deinit { ldns_rr_free(pointer) }

    // MARK: Fields of the data, by their place

    func bytes(_ index: Int) -> [UInt8]? {
        guard index < ldns_rr_rd_count(pointer) else { return nil }
        return Self.bytes(ldns_rr_rdf(pointer, index))
    }

    /// A big-endian number of at most four bytes; 0 where there is none, which no check takes for a good value.
    func number(_ index: Int) -> Int { bytes(index)?.prefix(4).reduce(0) { $0 << 8 | Int($1) } ?? 0 }

    func name(_ index: Int) -> CanonicalName? { bytes(index).flatMap { CanonicalName(wire: $0) } }

    /// Whether the type bitmap at `index` (NSEC, NSEC3) has the type. Read here: ldns looks one byte past the end of a
    /// bitmap that is cut off.
    func bitmap(_ index: Int, has type: DNSRecordType) -> Bool {
        var rest = (bytes(index) ?? [])[...]
        let (window, place) = (UInt8(type.rawValue >> 8), Int(type.rawValue & 255))
        // Window blocks (RFC 4034 section 4.1.2): number, length, bits.
        while rest.count >= 2 {
            let (number, length) = (rest[rest.startIndex], Int(rest[rest.startIndex + 1]))
            rest = rest.dropFirst(2)
            guard length <= rest.count else { return false }
            if number == window {
                return place / 8 < length && rest[rest.startIndex + place / 8] & (0x80 >> UInt8(place % 8)) != 0
            }
            rest = rest.dropFirst(length)
        }
        return false
    }

    /// All fields in a row.
    var data: [UInt8] { (0..<ldns_rr_rd_count(pointer)).flatMap { bytes($0) ?? [] } }

    private static func bytes(_ field: UnsafeMutablePointer<ldns_rdf>?) -> [UInt8]? {
        guard let field else { return nil }
        return Array(UnsafeBufferPointer(start: ldns_rdf_data(field), count: ldns_rdf_size(field)))
    }
}
