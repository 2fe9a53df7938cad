import CLinux

/// What a reactor's raw TCP socket lets in while SYN probes are out: SYN-ACK and RST to its own ports.
struct TCPFilter: Hashable {
    var family: IPAddress.Family
    var ports: ClosedRange<UInt16>

    private static let reset: UInt32 = 0x04
    private static let synAck: UInt32 = 0x12

    var program: PacketFilter {
        var program = FilterProgram()
        let isV4 = family == .v4
        // The filter of a raw IPv4 socket sees the IP header first, that of a raw IPv6 socket the TCP header.
        if isV4 { program.add(PROBE_BPF_HEADER_LENGTH_TO_X) }
        program.add(isV4 ? PROBE_BPF_LOAD_HALF_X : PROBE_BPF_LOAD_HALF, 2)
        program.jump(PROBE_BPF_JUMP_GREATER, UInt32(ports.upperBound), then: .reject, else: .next)
        program.jump(PROBE_BPF_JUMP_GREATER, UInt32(ports.lowerBound) - 1, then: .next, else: .reject)
        program.add(isV4 ? PROBE_BPF_LOAD_BYTE_X : PROBE_BPF_LOAD_BYTE, 13)
        program.jump(PROBE_BPF_JUMP_BITS, Self.reset, then: .accept, else: .next)
        program.add(PROBE_BPF_AND, Self.synAck)
        program.jump(PROBE_BPF_JUMP_EQUAL, Self.synAck, then: .accept, else: .reject)
        return program.finished()
    }
}
