import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// The calls of sockets that serve many jobs: each packet with its own TTL, TOS and source, many packets a call.
extension Syscalls {
    /// sendmsg(2). EAGAIN is thrown like any error.
    static func sendPacket(
        _ fd: Int32, _ bytes: UnsafeRawBufferPointer, to address: SocketAddress, _ departure: probe_departure
    ) throws(Errno) {
        var departure = departure
        try address.withSockAddr { (pointer, length) throws(Errno) in
            while probe_send_packet(fd, bytes.baseAddress, bytes.count, pointer, length, &departure) < 0 {
                let error = Errno(rawValue: errno)
                if error != .interrupted { throw error }
            }
        }
    }

    /// recvmmsg(2) without waiting: packet i goes to slot i, which has `slotSize` bytes. 0: nothing there.
    static func receivePackets(
        _ fd: Int32, into slots: UnsafeMutablePointer<UInt8>, slotSize: Int,
        _ arrivals: UnsafeMutableBufferPointer<probe_arrival>
    ) -> Int {
        // An error here is a pending one of an earlier send; the next call tells what there is.
        max(0, Int(probe_receive_packets(fd, slots, UInt32(slotSize), arrivals.baseAddress, UInt32(arrivals.count), 0)))
    }

    /// The next entry of the error queue (IP_RECVERR); false when there is none.
    static func receiveError(
        _ fd: Int32, into slot: UnsafeMutablePointer<UInt8>, slotSize: Int, _ arrival: inout probe_arrival
    ) -> Bool {
        probe_receive_error(fd, slot, UInt32(slotSize), &arrival) == 1
    }

    static func blockICMPTypes(_ fd: Int32, allBut wanted: [UInt32]) throws(Errno) {
        let blocked = wanted.reduce(UInt32.max) { $0 & ~(1 << $1) }
        if probe_block_icmp_types(fd, blocked) != 0 { throw Errno(rawValue: errno) }
    }

    /// How many packets the socket has dropped because its buffer was full, since it was opened.
    static func dropCount(_ fd: Int32) -> Int { max(0, Int(probe_socket_drops(fd))) }

    /// Asks for a receive buffer beyond net.core.rmem_max where CAP_NET_ADMIN permits it, up to it otherwise.
    /// - Returns: what is in force, as the kernel counts it: with each packet's own overhead.
    static func setReceiveBuffer(_ fd: Int32, _ bytes: Int) throws(Errno) -> Int {
        // The kernel doubles what is asked for (socket(7)).
        let asked = Int32(clamping: bytes / 2)
        if (try? setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, asked)) == nil {
            try setOption(fd, SOL_SOCKET, SO_RCVBUF, asked)
        }
        return Int(try option(fd, SOL_SOCKET, SO_RCVBUF))
    }

    /// 0 when there is no such interface.
    static func interfaceIndex(_ name: String) -> UInt32 { if_nametoindex(name) }
}
