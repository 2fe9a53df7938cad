import CLdns

#if canImport(Glibc)
    import Glibc
#endif

/// Records in presentation form (RFC 1035 section 5.1), as ldns defines it. What most answers consist of is written here
/// from the fields that ldns has read; the rest by ldns itself, which has a printf for each letter of a name. Tests hold
/// the two against each other.
final class RecordText {
    private let whole: LDNSText
    private let field = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 4096)
    private var count = 0

    /// Nil when memory is out.
    init?() {
        guard let whole = LDNSText() else { return nil }
        self.whole = whole
    }

    deinit { field.deallocate() }

    /// Nil for a record that ldns cannot write.
    func record(_ pointer: UnsafePointer<ldns_rr>, in section: DNSSection) -> DNSRecord? {
        usual(pointer, in: section) ?? whole.line(pointer).flatMap { DNSRecord(section, line: $0) }
    }

    /// Of class IN, of a type that is known here, and short.
    func usual(_ pointer: UnsafePointer<ldns_rr>, in section: DNSSection) -> DNSRecord? {
        guard pointer.pointee._rr_class == LDNS_RR_CLASS_IN, let type = Self.name(of: pointer.pointee._rr_type),
            let owner = pointer.pointee._owner
        else { return nil }
        count = 0
        guard put(owner, .name) else { return nil }
        let name = text
        count = 0
        for index in 0..<pointer.pointee._rd_count {
            guard let field = ldns_rr_rdf(pointer, index), let kind = Kind(field) else { return nil }
            if index > 0 { put(" ") }
            guard put(field, kind) else { return nil }
        }
        guard count > 0 else { return nil }
        return DNSRecord(
            section: section, name: name, type: type, recordClass: "IN", ttl: Int(pointer.pointee._ttl), value: text)
    }

    private static func name(of type: ldns_rr_type) -> String? {
        switch type {
        case LDNS_RR_TYPE_A: "A"
        case LDNS_RR_TYPE_NS: "NS"
        case LDNS_RR_TYPE_CNAME: "CNAME"
        case LDNS_RR_TYPE_SOA: "SOA"
        case LDNS_RR_TYPE_PTR: "PTR"
        case LDNS_RR_TYPE_MX: "MX"
        case LDNS_RR_TYPE_TXT: "TXT"
        case LDNS_RR_TYPE_AAAA: "AAAA"
        case LDNS_RR_TYPE_SRV: "SRV"
        default: nil
        }
    }

    // MARK: Fields

    private enum Kind {
        case name, v4, v6, text, number

        init?(_ field: UnsafeMutablePointer<ldns_rdf>) {
            switch ldns_rdf_get_type(field) {
            case LDNS_RDF_TYPE_DNAME: self = .name
            case LDNS_RDF_TYPE_A: self = .v4
            case LDNS_RDF_TYPE_AAAA: self = .v6
            case LDNS_RDF_TYPE_STR: self = .text
            case LDNS_RDF_TYPE_INT8, LDNS_RDF_TYPE_INT16, LDNS_RDF_TYPE_INT32, LDNS_RDF_TYPE_PERIOD: self = .number
            default: return nil
            }
        }
    }

    /// The longest that one field becomes: 255 bytes as `\DDD`, with quotes.
    private static let longestField = 4 * 255 + 2

    /// False for a field that is not of its kind, or when there is no room for it.
    private func put(_ rdf: UnsafeMutablePointer<ldns_rdf>, _ kind: Kind) -> Bool {
        guard count + Self.longestField < field.count, let start = ldns_rdf_data(rdf) else { return false }
        let bytes = UnsafeBufferPointer(start: start, count: ldns_rdf_size(rdf))
        switch (kind, bytes.count) {
        case (.name, 1...255): return put(name: bytes)
        case (.text, 1...): return put(text: bytes)
        case (.number, 1...4): put(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case (.v4, 4):
            for index in 0..<4 {
                if index > 0 { put(".") }
                put(UInt32(bytes[index]))
            }
        case (.v6, 16): return put(v6: bytes)
        default: return false
        }
        return true
    }

    /// Labels with a dot behind each; the root is a dot.
    private func put(name: UnsafeBufferPointer<UInt8>) -> Bool {
        if name[0] == 0 { put(".") }
        var index = 0
        while name[index] != 0 {
            let end = index + 1 + Int(name[index])
            guard end < name.count else { return false }
            for byte in name[(index + 1)..<end] {
                switch byte {
                case UInt8(ascii: "."), UInt8(ascii: ";"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "\\"):
                    put("\\")
                    put(byte: byte)
                case 0x21..<0x7f: put(byte: byte)
                default: put(escaped: byte)
                }
            }
            put(".")
            index = end
        }
        return true
    }

    /// A character-string (RFC 1035 section 3.3) in quotes.
    private func put(text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count == Int(text[0]) + 1 else { return false }
        put("\"")
        for byte in text.dropFirst() {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                put("\\")
                put(byte: byte)
            case 0x20..<0x7f, 0x09: put(byte: byte)
            default: put(escaped: byte)
            }
        }
        put("\"")
        return true
    }

    private func put(v6 bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = field.baseAddress else { return false }
        return (start + count).withMemoryRebound(to: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
            guard inet_ntop(AF_INET6, bytes.baseAddress, text, socklen_t(INET6_ADDRSTRLEN)) != nil else { return false }
            count += strlen(text)
            return true
        }
    }

    private func put(escaped byte: UInt8) {
        put("\\")
        put(byte: UInt8(ascii: "0") + byte / 100)
        put(byte: UInt8(ascii: "0") + byte / 10 % 10)
        put(byte: UInt8(ascii: "0") + byte % 10)
    }

    private func put(_ number: UInt32) {
        var scale: UInt32 = 1
        while number / scale >= 10 { scale *= 10 }
        while scale > 0 {
            put(byte: UInt8(ascii: "0") + UInt8(number / scale % 10))
            scale /= 10
        }
    }

    private func put(_ scalar: Unicode.Scalar) { put(byte: UInt8(ascii: scalar)) }

    private func put(byte: UInt8) {
        field[count] = byte
        count += 1
    }

    /// What has been put.
    private var text: String { String(decoding: UnsafeBufferPointer(rebasing: field[..<count]), as: UTF8.self) }
}

extension DNSRecord {
    /// Reads ldns' line: owner, TTL, class and type end at tabs (names have theirs escaped), the rest is the value.
    fileprivate init?(_ section: DNSSection, line: UnsafeBufferPointer<UInt8>) {
        let parts = line.split(separator: UInt8(ascii: "\t"), maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count >= 4, let ttl = UInt32(String(decoding: parts[1], as: UTF8.self)) else { return nil }
        self.init(
            section: section, name: String(decoding: parts[0], as: UTF8.self),
            type: String(decoding: parts[3], as: UTF8.self), recordClass: String(decoding: parts[2], as: UTF8.self),
            ttl: Int(ttl), value: parts.count > 4 ? String(decoding: parts[4], as: UTF8.self) : "")
    }
}
