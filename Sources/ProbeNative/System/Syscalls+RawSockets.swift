import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// The calls around raw sockets that a library opened: find them, filter them, drain them.
extension Syscalls {
    /// True for an open raw socket of this family and protocol.
    static func isRawSocket(_ fd: Int32, _ domain: Int32, _ proto: Int32) -> Bool {
        var seen: (domain: Int32, type: Int32, proto: Int32) = (0, 0, 0)
        guard probe_socket_kind(fd, &seen.domain, &seen.type, &seen.proto) == 0 else { return false }
        return seen.type == PROBE_SOCK_RAW && seen.domain == domain && seen.proto == proto
    }

    static func attach(_ filter: PacketFilter, to fd: Int32) throws(Errno) {
        var program = filter.instructions
        if probe_attach_filter(fd, &program, UInt16(clamping: program.count)) != 0 { throw Errno(rawValue: errno) }
    }

    /// Throws away what a socket's receive buffer holds.
    static func drain(_ fd: Int32) {
        // One byte is enough: the rest of a datagram goes with it.
        var byte: UInt8 = 0
        while Glibc.recv(fd, &byte, 1, Int32(MSG_DONTWAIT)) >= 0 || errno == EINTR {}
    }

    static func setNonBlockingCloseOnExec(_ fd: Int32) throws(Errno) {
        guard fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0, fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 else {
            throw Errno(rawValue: errno)
        }
    }

    static func capabilities(_ effective: inout UInt64, _ permitted: inout UInt64) throws(Errno) {
        if probe_capabilities_get(&effective, &permitted) != 0 { throw Errno(rawValue: errno) }
    }

    static func setCapabilities(_ effective: UInt64, _ permitted: UInt64) throws(Errno) {
        if probe_capabilities_set(effective, permitted) != 0 { throw Errno(rawValue: errno) }
    }

    // MARK: Threads that wait outside a reactor

    /// Each `signal(eventFD:)` lets one `waitSemaphore` return.
    static func semaphore() throws(Errno) -> FileDescriptor {
        let fd = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_SEMAPHORE))
        if fd < 0 { throw Errno(rawValue: errno) }
        return FileDescriptor(owning: fd)
    }

    static func waitSemaphore(_ fd: Int32) {
        var count: UInt64 = 0
        while Glibc.read(fd, &count, 8) < 0, errno == EINTR {}
    }

    /// The calling thread takes no signal from now on but the interruption.
    static func takeOnlyInterruption() {
        _ = probe_install_interrupt()
        _ = probe_block_all_but_interrupt()
    }

    static var currentThread: UInt { UInt(pthread_self()) }

    /// Makes a blocking call of `thread` (which must be alive) return EINTR.
    static func interrupt(_ thread: UInt) { _ = pthread_kill(pthread_t(thread), probe_interrupt_signal()) }
}
