import CLdns

/// A query in wire form. Encoded by ldns; its id, and the case of its letters, may change from one sending to the
/// next.
public struct DNSQuery: Sendable {
    public struct Options: Sendable, Hashable {
        public var recordClass = DNSClass.internet
        public var recursionDesired = true
        public var checkingDisabled = false
        /// DO (RFC 3225); needs EDNS.
        public var wantsSignatures = false
        /// Bytes that EDNS offers for a UDP answer; 0: no EDNS.
        public var udpSize = 1232
        /// NSID (RFC 5001): which of many servers behind one address answers.
        public var wantsServerIdentity = false
        public var clientSubnet: DNSClientSubnet?

        var ednsOptions: [EDNSOption] {
            var options: [EDNSOption] = []
            if wantsServerIdentity { options.append(EDNSOption(code: EDNSOption.serverIdentity, data: [])) }
            if let clientSubnet { options.append(clientSubnet.option) }
            return options
        }

        public init() {}
    }

    static let headerSize = 12

    /// Its name and type, for people.
    var question: String {
        var (labels, index) = ("", Self.headerSize)
        while index < wire.count, wire[index] > 0 {
            let end = min(wire.count, index + 1 + Int(wire[index]))
            labels += String(decoding: wire[(index + 1)..<end], as: UTF8.self).lowercased() + "."
            index = end
        }
        let type = questionEnd <= wire.count ? UInt16(wire[questionEnd - 4]) << 8 | UInt16(wire[questionEnd - 3]) : 0
        return "\(labels.isEmpty ? "." : labels) \(DNSRecordType(rawValue: type))"
    }

    public private(set) var wire: [UInt8]
    /// Where name, type and class of the question end.
    let questionEnd: Int
    /// True while the letters carry random bits that the answer must repeat ("0x20", draft-vixie-dnsext-dns0x20).
    private(set) var isCaseMixed = false

    /// - Throws: `local_resource_exhausted` when memory is out, at stage `request`.
    public init(_ name: DNSName, _ type: DNSRecordType, _ options: Options = Options()) throws(ProbeFailure) {
        guard let packet = LDNSPacket(name, type, options), let wire = packet.encode() else {
            throw ProbeFailure(.request, .localResourceExhausted, "The node has no memory to write the query.")
        }
        self.wire = wire
        questionEnd = Self.headerSize + name.wire.count + 4
    }

    /// A query for the root as ldns encodes it. One for another name differs in the name only: nothing behind it has a
    /// pointer into it.
    struct Template: Sendable {
        let type: DNSRecordType
        let options: Options
        fileprivate let wire: [UInt8]

        init(_ type: DNSRecordType, _ options: Options) throws(ProbeFailure) {
            self.type = type
            self.options = options
            wire = try DNSQuery(.root, type, options).wire
        }
    }

    init(_ name: DNSName, like template: Template) {
        let (name, root) = (name.wire, template.wire)
        wire = []
        wire.reserveCapacity(root.count + name.count - 1)
        wire.append(contentsOf: root[..<Self.headerSize])
        wire.append(contentsOf: name)
        wire.append(contentsOf: root[(Self.headerSize + 1)...])
        questionEnd = Self.headerSize + name.count + 4
    }

    var id: UInt16 {
        get { UInt16(wire[0]) << 8 | UInt16(wire[1]) }
        set {
            wire[0] = UInt8(newValue >> 8)
            wire[1] = UInt8(newValue & 255)
        }
    }

    /// Flips letters of the name by random bits.
    mutating func mixCase(_ randomByte: () -> UInt8) {
        forEachLetter { $0 ^ (randomByte() & 0x20) }
        isCaseMixed = true
    }

    mutating func lowerCase() {
        forEachLetter { $0 | 0x20 }
        isCaseMixed = false
    }

    private mutating func forEachLetter(_ change: (UInt8) -> UInt8) {
        // The length bytes are at most 63, below every letter.
        for index in Self.headerSize..<(questionEnd - 5) where Self.isLetter(wire[index]) {
            wire[index] = change(wire[index])
        }
    }

    static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }

    enum Match { case answer, caseChanged, other }

    /// Whether a message answers this query under one of `ids`: a response, with the same question. Servers that could
    /// not read the query answer with an error and without a question.
    func match(_ message: UnsafeRawBufferPointer, ids: some Collection<UInt16>) -> Match {
        guard message.count >= Self.headerSize, message[2] & 0x80 != 0,
            ids.contains(UInt16(message[0]) << 8 | UInt16(message[1]))
        else { return .other }
        let questions = UInt16(message[4]) << 8 | UInt16(message[5])
        if questions == 0 {
            let code = message[3] & 15
            return code != 0 && code != 3 ? .answer : .other
        }
        guard questions == 1, message.count >= questionEnd else { return .other }
        var isExact = true
        for index in Self.headerSize..<questionEnd where wire[index] != message[index] {
            isExact = false
            // Type and class (the last four bytes) have no case.
            guard index < questionEnd - 4, Self.isLetter(wire[index]), wire[index] ^ message[index] == 0x20 else {
                return .other
            }
        }
        return isExact || !isCaseMixed ? .answer : .caseChanged
    }
}
