import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// A socket's error queue (IP_RECVERR, ip(7)): ICMP errors about its own packets, for which no privilege is needed.
final class SocketErrors {
    struct Entry {
        var from: IPAddress
        var type: UInt8
        var code: UInt8
        var mtu: Int?
        var hopLimit: Int?
        var labels: [MPLSLabel]
        var receivedAt: Instant
        var clockStepped: Bool
    }

    private static let slotSize = 2048
    private let socket: Socket
    private let family: IPAddress.Family
    private let slot = UnsafeMutablePointer<UInt8>.allocate(capacity: slotSize)
    private var clock = StampClock(.now)

    init(_ socket: Socket, _ family: IPAddress.Family) throws(Errno) {
        self.socket = socket
        self.family = family
        let isV4 = family == .v4
        try Syscalls.setOption(socket.number, SOL_SOCKET, SO_TIMESTAMPNS, 1)
        try Syscalls.setOption(socket.number, family.level, isV4 ? IP_RECVTTL : IPV6_RECVHOPLIMIT, 1)
        try Syscalls.setOption(socket.number, family.level, isV4 ? IP_RECVERR : IPV6_RECVERR, 1)
    }

    deinit { slot.deallocate() }

    /// Takes everything that is there; `body` gets each error with what its router quotes of the datagram's payload.
    func read(_ body: (Entry, UnsafeRawBufferPointer) -> Void) {
        var arrival = probe_arrival()
        while Syscalls.receiveError(socket.number, into: slot, slotSize: Self.slotSize, &arrival) {
            let pair = ClockPair.now
            clock.note(pair)
            guard isICMP(arrival.error_origin), let from = SocketAddress(arrival.offender)?.address else { continue }
            let (instant, stepped) = clock.instant(of: arrival.stamp, readAt: pair)
            let isTooBig = arrival.error_number == UInt32(EMSGSIZE)
            let payload = UnsafeRawBufferPointer(start: slot, count: Int(arrival.captured))
            let objects = ICMPExtensions.objects(in: WireBytes(payload), skipped: family.headerLength + 8)
            body(
                Entry(
                    from: from, type: arrival.error_type, code: arrival.error_code,
                    mtu: isTooBig && arrival.error_info > 0 ? Int(arrival.error_info) : nil,
                    hopLimit: arrival.hop_limit >= 0 ? Int(arrival.hop_limit) : nil,
                    labels: ICMPExtensions.labels(objects), receivedAt: instant, clockStepped: stepped), payload)
        }
        clock.noteDrained()
        // Reading the queue leaves the socket's pending error, which the next send would trip over.
        _ = Syscalls.pendingError(socket.number)
        socket.sawReadBlock()
    }

    private func isICMP(_ origin: UInt8) -> Bool {
        Int32(origin) == Int32(family == .v4 ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6)
    }
}

extension SocketErrors.Entry {
    /// What it says about a UDP probe.
    func answer(to destination: IPAddress, sentAt: Instant) -> TraceAnswer {
        let reason = ICMPError.reason(from.family, type, code)
        let isExpired = reason == "ttl_exceeded"
        let isTarget = from.withoutZone == destination.withoutZone || reason == "port_unreachable"
        var answer = TraceAnswer(
            kind: isExpired ? .router : isTarget ? .target : .unreachable, from: from,
            rtt: max(.zero, receivedAt - sentAt), hopLimit: hopLimit, icmpType: Int(type), icmpCode: Int(code),
            mtu: mtu,
            clockStepped: clockStepped)
        answer.labels = labels
        if answer.kind != .router {
            let isNetwork = reason == "network_unreachable"
            answer.failure = ProbeFailure(
                .response, isNetwork ? .networkUnreachable : .hostUnreachable,
                "\(from) said about a packet to \(destination): \(reason.replacing("_", with: " ")).")
        }
        return answer
    }
}
