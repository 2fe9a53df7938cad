import CLdns

/// Owns one `ldns_pkt`.
final class LDNSPacket {
    let pointer: UnsafeMutablePointer<ldns_pkt>

    init(owning pointer: UnsafeMutablePointer<ldns_pkt>) { self.pointer = pointer }

    deinit { ldns_pkt_free(pointer) }

    /// A query; nil when memory is out.
    init?(_ name: DNSName, _ type: DNSRecordType, _ options: DNSQuery.Options) {
        guard let owner = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name.wire.count, name.wire) else { return nil }
        var flags: Int32 = 0
        if options.recursionDesired { flags |= LDNS_RD }
        if options.checkingDisabled { flags |= LDNS_CD }
        let recordClass = ldns_rr_class(UInt32(options.recordClass.rawValue))
        // Takes over `owner`.
        guard let packet = ldns_pkt_query_new(owner, ldns_rr_type(UInt32(type.rawValue)), recordClass, UInt16(flags))
        else { return nil }
        pointer = packet
        if options.udpSize > 0 { ldns_pkt_set_edns_udp_size(packet, UInt16(clamping: options.udpSize)) }
        if options.wantsSignatures { ldns_pkt_set_edns_do(packet, 1) }
        let ednsData = options.ednsOptions.flatMap(\.wire)
        guard !ednsData.isEmpty else { return }
        guard let data = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_UNKNOWN, ednsData.count, ednsData) else { return nil }
        // Takes over `data`.
        ldns_pkt_set_edns_data(packet, data)
    }

    /// The wire form; nil when memory is out.
    func encode() -> [UInt8]? {
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        let status = ldns_pkt2wire(&bytes, pointer, &count)
        defer { probe_ldns_free(bytes) }
        guard status == LDNS_STATUS_OK, let bytes else { return nil }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }
}

/// Owns one `ldns_buffer`, reused for the text of one record after the other.
final class LDNSText {
    private let pointer: UnsafeMutablePointer<ldns_buffer>

    init?() {
        guard let buffer = ldns_buffer_new(4096) else { return nil }
        pointer = buffer
    }

    deinit { ldns_buffer_free(pointer) }

    /// The record's line, without its newline; valid until the next call. Nil when ldns cannot write it.
    func line(_ record: UnsafePointer<ldns_rr>) -> UnsafeBufferPointer<UInt8>? {
        ldns_buffer_clear(pointer)
        // A failed write leaves its status in the buffer, which would fail every later one.
        pointer.pointee._status = LDNS_STATUS_OK
        guard probe_ldns_record_text(pointer, record) == LDNS_STATUS_OK else { return nil }
        var count = ldns_buffer_position(pointer)
        guard let start = ldns_buffer_begin(pointer) else { return nil }
        while count > 0, start[count - 1] == UInt8(ascii: "\n") || start[count - 1] == UInt8(ascii: " ") { count -= 1 }
        return UnsafeBufferPointer(start: start, count: count)
    }
}
