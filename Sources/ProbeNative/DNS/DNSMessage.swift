import CLdns

/// Why a response could not be decoded.
public struct DNSDecodingError: Error, Sendable, Hashable {
    /// `truncated` when it ends in the middle of a record, else `protocol_error`.
    public var code: ErrorCode
    public var detail: String
}

/// Decodes responses by ldns into values.
struct DNSMessage {
    /// Records that repeat long names by two-byte pointers may stand for a hundred times their size.
    static let textLimit = 1 << 20

    private static let endsTooSoon: Set<UInt32> = [
        LDNS_STATUS_PACKET_OVERFLOW.rawValue, LDNS_STATUS_WIRE_INCOMPLETE_HEADER.rawValue,
        LDNS_STATUS_WIRE_INCOMPLETE_QUESTION.rawValue, LDNS_STATUS_WIRE_INCOMPLETE_ANSWER.rawValue,
        LDNS_STATUS_WIRE_INCOMPLETE_AUTHORITY.rawValue, LDNS_STATUS_WIRE_INCOMPLETE_ADDITIONAL.rawValue,
    ]

    private let packet: LDNSPacket
    private let text: RecordText

    /// - Parameter message: at most 65,535 bytes.
    static func decode(
        _ message: UnsafeRawBufferPointer, text: RecordText
    ) -> Result<DNSAnswer, DNSDecodingError> {
        var packet: UnsafeMutablePointer<ldns_pkt>?
        let status = ldns_wire2pkt(&packet, message.assumingMemoryBound(to: UInt8.self).baseAddress, message.count)
        guard status == LDNS_STATUS_OK, let packet else {
            if endsTooSoon.contains(status.rawValue) {
                return .failure(
                    DNSDecodingError(code: .truncated, detail: "The answer ends in the middle of a record."))
            }
            let reason = ldns_get_errorstr_by_id(status).map { String(cString: $0) } ?? "unknown error"
            return .failure(DNSDecodingError(code: .protocolError, detail: "The answer is malformed: \(reason)."))
        }
        let bits = UInt16(message[2]) << 8 | UInt16(message[3])
        return DNSMessage(packet: LDNSPacket(owning: packet), text: text).answer(DNSFlags(bits: bits))
    }

    private func answer(_ flags: DNSFlags) -> Result<DNSAnswer, DNSDecodingError> {
        let lists = [
            (DNSSection.answer, ldns_pkt_answer(packet.pointer)), (.authority, ldns_pkt_authority(packet.pointer)),
            (.additional, ldns_pkt_additional(packet.pointer)),
        ]
        var records: [DNSRecord] = []
        var size = 0
        for (section, list) in lists {
            for index in 0..<ldns_rr_list_rr_count(list) {
                guard let pointer = ldns_rr_list_rr(list, index), let record = text.record(pointer, in: section) else {
                    return .failure(
                        DNSDecodingError(code: .protocolError, detail: "The answer has a malformed record."))
                }
                size += record.name.utf8.count + record.value.utf8.count
                guard size <= Self.textLimit else {
                    return .failure(
                        DNSDecodingError(
                            code: .protocolError, detail: "The answer's records unfold to more than 1 MiB."))
                }
                records.append(record)
            }
        }
        let options = ednsOptions
        let high = UInt16(ldns_pkt_edns_extended_rcode(packet.pointer))
        return .success(
            DNSAnswer(
                responseCode: DNSResponseCode(rawValue: high << 4 | flags.bits & 15), flags: flags, records: records,
                extendedErrors: options.filter { $0.code == EDNSOption.extendedError }
                    .compactMap { DNSExtendedError(option: $0.data) },
                udpSize: hasEDNS ? Int(ldns_pkt_edns_udp_size(packet.pointer)) : nil,
                serverIdentity: options.first { $0.code == EDNSOption.serverIdentity }?.data,
                clientSubnet: options.first { $0.code == EDNSOption.clientSubnet }
                    .flatMap { DNSClientSubnet(option: $0.data) }))
    }

    private var hasEDNS: Bool { ldns_pkt_edns(packet.pointer) != 0 }

    private var ednsOptions: [EDNSOption] {
        guard let data = ldns_pkt_edns_data(packet.pointer), let start = ldns_rdf_data(data) else { return [] }
        return EDNSOption.all(in: UnsafeBufferPointer(start: start, count: ldns_rdf_size(data)))
    }
}
