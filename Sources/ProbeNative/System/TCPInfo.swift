import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// What the kernel knows of a TCP connection (tcp(7), TCP_INFO).
public struct TCPInfo: Sendable, Hashable {
    /// Its smoothed estimate; zero before the first acknowledgement.
    public var roundTrip: Duration
    /// Segments that were sent again, over the connection's life.
    public var retransmits: Int
}

extension Syscalls {
    static func tcpInfo(_ fd: Int32) throws(Errno) -> TCPInfo {
        var info = tcp_info()
        var length = socklen_t(MemoryLayout<tcp_info>.size)
        guard getsockopt(fd, Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0 else { throw Errno(rawValue: errno) }
        return TCPInfo(roundTrip: .microseconds(Int(info.tcpi_rtt)), retransmits: Int(info.tcpi_total_retrans))
    }
}
