import CLinux

/// What a reactor's raw ICMP socket lets in: replies to its own idents, errors about its own echo requests, and, while
/// somebody watches for them, errors about UDP and TCP packets. What other reactors and other programs send and receive
/// never reaches this thread; a stranger who uses one of our idents is told by the cookie.
struct ICMPFilter: Hashable {
    var family: IPAddress.Family
    var idents: IdentRange
    /// Errors about UDP and TCP, whoever sent them: ports are looked up in a table afterwards.
    var admitsTransportErrors: Bool

    var program: PacketFilter { family == .v4 ? program4 : program6 }

    /// The filter of a raw IPv4 socket sees the IP header first, that of a raw ICMPv6 socket the ICMPv6 header.
    private var program4: PacketFilter {
        var program = FilterProgram()
        let (errors, transports) = (FilterProgram.Target.label(1), FilterProgram.Target.label(2))
        program.add(PROBE_BPF_HEADER_LENGTH_TO_X)
        program.add(PROBE_BPF_LOAD_BYTE_X, 0)
        program.jump(PROBE_BPF_JUMP_EQUAL, 0, then: .next, else: errors)
        ident(&program, PROBE_BPF_LOAD_HALF_X, 4)
        program.label(1)
        program.jump(PROBE_BPF_JUMP_EQUAL, 3, then: .label(3), else: .next)
        program.jump(PROBE_BPF_JUMP_EQUAL, 11, then: .label(3), else: .next)
        program.jump(PROBE_BPF_JUMP_EQUAL, 12, then: .label(3), else: .reject)
        program.label(3)
        // The quoted packet begins 8 bytes on: its protocol is kept, its header's length is added to X.
        program.add(PROBE_BPF_LOAD_BYTE_X, 8 + 9)
        program.add(PROBE_BPF_STORE, 0)
        program.add(PROBE_BPF_LOAD_BYTE_X, 8)
        program.add(PROBE_BPF_AND, 15)
        program.add(PROBE_BPF_SHIFT_LEFT, 2)
        program.add(PROBE_BPF_ADD_X)
        program.add(PROBE_BPF_A_TO_X)
        program.add(PROBE_BPF_LOAD_STORED, 0)
        program.jump(PROBE_BPF_JUMP_EQUAL, UInt32(QuotedPacket.icmp), then: .next, else: transports)
        program.add(PROBE_BPF_LOAD_BYTE_X, 8)
        program.jump(PROBE_BPF_JUMP_EQUAL, UInt32(ICMPType.echoRequest(.v4)), then: .next, else: .reject)
        ident(&program, PROBE_BPF_LOAD_HALF_X, 8 + 4)
        program.label(2)
        addTransports(&program)
        return program.finished()
    }

    private var program6: PacketFilter {
        var program = FilterProgram()
        program.add(PROBE_BPF_LOAD_BYTE, 0)
        program.jump(
            PROBE_BPF_JUMP_EQUAL, UInt32(ICMPType.echoReply(.v6)), then: .next, else: .label(1))
        ident(&program, PROBE_BPF_LOAD_HALF, 4)
        program.label(1)
        // Errors are types 1 to 4.
        program.jump(PROBE_BPF_JUMP_GREATER, 4, then: .reject, else: .next)
        program.jump(PROBE_BPF_JUMP_EQUAL, 0, then: .reject, else: .next)
        // The quoted packet begins 8 bytes on; a large request was sent in fragments (RFC 8200 4.5).
        program.add(PROBE_BPF_LOAD_BYTE, 8 + 6)
        program.jump(PROBE_BPF_JUMP_EQUAL, 44, then: .label(3), else: .next)
        program.jump(PROBE_BPF_JUMP_EQUAL, UInt32(QuotedPacket.icmpv6), then: .next, else: .label(2))
        quotedEcho6(&program, at: 48)
        program.label(3)
        program.add(PROBE_BPF_LOAD_BYTE, 48)
        program.jump(PROBE_BPF_JUMP_EQUAL, UInt32(QuotedPacket.icmpv6), then: .next, else: .label(2))
        quotedEcho6(&program, at: 56)
        program.label(2)
        addTransports(&program)
        return program.finished()
    }

    private func quotedEcho6(_ program: inout FilterProgram, at offset: UInt32) {
        program.add(PROBE_BPF_LOAD_BYTE, offset)
        program.jump(PROBE_BPF_JUMP_EQUAL, UInt32(ICMPType.echoRequest(.v6)), then: .next, else: .reject)
        ident(&program, PROBE_BPF_LOAD_HALF, offset + 4)
    }

    /// Ends the program by whether the ident is one of ours.
    private func ident(_ program: inout FilterProgram, _ load: UInt16, _ offset: UInt32) {
        program.add(load, offset)
        program.add(PROBE_BPF_AND, UInt32(idents.mask))
        program.jump(PROBE_BPF_JUMP_EQUAL, UInt32(idents.bits), then: .accept, else: .reject)
    }

    /// Ends the program by the protocol of the quoted packet, which is in A.
    private func addTransports(_ program: inout FilterProgram) {
        let wanted: FilterProgram.Target = admitsTransportErrors ? .accept : .reject
        program.jump(PROBE_BPF_JUMP_EQUAL, UInt32(QuotedPacket.udp), then: wanted, else: .next)
        program.jump(PROBE_BPF_JUMP_EQUAL, UInt32(QuotedPacket.tcp), then: wanted, else: .reject)
    }
}

/// The idents of one reactor: those whose top bits are its number.
struct IdentRange: Hashable, Sendable {
    var mask: UInt16
    var bits: UInt16

    /// - Parameter count: how many reactors share the idents.
    init(reactor index: Int, of count: Int) {
        var width = 0
        while 1 << width < count { width += 1 }
        mask = width == 0 ? 0 : UInt16.max << UInt16(16 - width)
        bits = width == 0 ? 0 : UInt16(truncatingIfNeeded: index << (16 - width))
    }

    var first: UInt16 { bits }
    var count: Int { Int(~mask) + 1 }
    func contains(_ ident: UInt16) -> Bool { ident & mask == bits }
}
