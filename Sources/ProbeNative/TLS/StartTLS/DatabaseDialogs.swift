/// PostgreSQL: SSLRequest, answered by one byte (the manual's "Message Flow", section "SSL Session Encryption").
struct PostgresDialog: StartTLSDialog {
    /// Length 8, then 1234 and 5679.
    let opening: [UInt8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]
    let expects = StartTLSPiece.bytes(1)

    func receive(_ piece: [UInt8]) -> StartTLSStep {
        switch piece.first {
        case UInt8(ascii: "S"): .begin()
        case UInt8(ascii: "N"): .refused("it is not set up for TLS")
        case UInt8(ascii: "E"): .refused("it answered with an error")
        default: .foreign
        }
    }
}

/// MySQL and MariaDB: the server's handshake packet, answered by SSLRequest (the manual's "Connection Phase Packets").
/// No answer follows: TLS begins at once.
struct MySQLDialog: StartTLSDialog {
    private enum Capability {
        static let protocol41: UInt32 = 0x200
        static let tls: UInt32 = 0x800
        static let secureConnection: UInt32 = 0x8000
    }

    private static let longestPacket = 4096
    private(set) var greeting: String?
    /// A packet's length and number, then the packet.
    private(set) var expects = StartTLSPiece.bytes(4)
    private var isInPacket = false

    mutating func receive(_ piece: [UInt8]) -> StartTLSStep {
        if isInPacket { return handshake(piece) }
        let length = Int(piece[0]) | Int(piece[1]) << 8 | Int(piece[2]) << 16
        guard (1...Self.longestPacket).contains(length), piece[3] == 0 else { return .foreign }
        isInPacket = true
        expects = .bytes(length)
        return .more
    }

    private mutating func handshake(_ packet: [UInt8]) -> StartTLSStep {
        if packet[0] == 0xff {
            // ERR: a number of two bytes, then text ("Host '...' is not allowed to connect").
            return .refused(String(decoding: packet.dropFirst(3), as: UTF8.self))
        }
        // Protocol 10: the version as a C string, thread id (4), scramble (8), a zero, capabilities (low half).
        guard packet[0] == 10, let end = packet.dropFirst().firstIndex(of: 0), packet.count >= end + 16 else {
            return .foreign
        }
        greeting = String(decoding: packet[1..<end], as: UTF8.self)
        let offered = UInt32(packet[end + 14]) | UInt32(packet[end + 15]) << 8
        guard offered & Capability.tls != 0 else { return .refused("it is not set up for TLS") }
        return .begin(Self.request)
    }

    /// Packet number 1 of 32 bytes: capabilities, the largest packet (16 MiB), utf8mb4, 23 zeros.
    private static let request: [UInt8] = {
        let wanted = Capability.protocol41 | Capability.tls | Capability.secureConnection
        let flags = (0..<4).map { UInt8(truncatingIfNeeded: wanted >> (8 * $0)) }
        return [32, 0, 0, 1] + flags + [0, 0, 0, 1, 45] + [UInt8](repeating: 0, count: 23)
    }()
}
