import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// The only door to the kernel's socket and event calls. Each wrapper reads errno in the same function, retries EINTR,
/// and throws anything else as `Errno` (EAGAIN included: it is a value that callers look at).
enum Syscalls {
    enum Clock {
        case monotonic, realtime
        /// CPU time of the calling thread.
        case threadCPU

        fileprivate var number: clockid_t {
            switch self {
            case .monotonic: CLOCK_MONOTONIC
            case .realtime: CLOCK_REALTIME
            case .threadCPU: CLOCK_THREAD_CPUTIME_ID
            }
        }
    }

    static func clock(_ clock: Clock) -> Int64 {
        var time = timespec()
        clock_gettime(clock.number, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    @discardableResult
    private static func check(_ call: () -> Int) throws(Errno) -> Int {
        while true {
            let result = call()
            if result >= 0 { return result }
            let error = Errno(rawValue: errno)
            if error != .interrupted { throw error }
        }
    }

    /// close(2) is never retried: on Linux the descriptor is gone even after EINTR.
    static func close(_ fd: Int32) { _ = Glibc.close(fd) }

    // MARK: Sockets (opened by Gate alone)

    /// Non-blocking and close-on-exec.
    static func socket(_ domain: Int32, _ type: Int32, _ proto: Int32) throws(Errno) -> FileDescriptor {
        let flags = PROBE_SOCK_NONBLOCK | PROBE_SOCK_CLOEXEC
        return FileDescriptor(owning: Int32(try check { Int(Glibc.socket(domain, type | flags, proto)) }))
    }

    /// EINPROGRESS is thrown like any error.
    static func connect(_ fd: Int32, to address: SocketAddress) throws(Errno) {
        try address.withSockAddr { (pointer, length) throws(Errno) in
            _ = try check { Int(Glibc.connect(fd, pointer, length)) }
        }
    }

    static func bind(_ fd: Int32, to address: SocketAddress) throws(Errno) {
        try address.withSockAddr { (pointer, length) throws(Errno) in
            _ = try check { Int(Glibc.bind(fd, pointer, length)) }
        }
    }

    static func send(_ fd: Int32, _ bytes: UnsafeRawBufferPointer) throws(Errno) -> Int {
        try check { Glibc.send(fd, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Sends one datagram whose checksum the kernel computes itself, by parting it (MSG_MORE). What it would leave to
    /// the device, a router on this machine or a neighbour's veth quotes unfinished.
    static func sendInSoftware(_ fd: Int32, _ bytes: [UInt8]) throws(Errno) {
        try check {
            bytes.withUnsafeBytes { Glibc.send(fd, $0.baseAddress, 1, Int32(MSG_NOSIGNAL | MSG_MORE)) }
        }
        try check {
            bytes.withUnsafeBytes {
                Glibc.send(fd, $0.baseAddress.map { $0 + 1 }, bytes.count - 1, Int32(MSG_NOSIGNAL))
            }
        }
    }

    static func receive(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        try check { Glibc.recv(fd, buffer.baseAddress, buffer.count, 0) }
    }

    static func localAddress(_ fd: Int32) throws(Errno) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        try check {
            withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Int(getsockname(fd, $0, &length)) }
            }
        }
        return SocketAddress(storage)
    }

    static func setOption(_ fd: Int32, _ level: Int32, _ option: Int32, _ value: Int32) throws(Errno) {
        var value = value
        try check { Int(setsockopt(fd, level, option, &value, socklen_t(MemoryLayout<Int32>.size))) }
    }

    static func option(_ fd: Int32, _ level: Int32, _ option: Int32) throws(Errno) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        try check { Int(getsockopt(fd, level, option, &value, &length)) }
        return value
    }

    /// SO_ERROR, which the kernel clears by this reading: nil when there is none.
    static func pendingError(_ fd: Int32) -> Errno? {
        guard let value = try? option(fd, SOL_SOCKET, SO_ERROR), value != 0 else { return nil }
        return Errno(rawValue: value)
    }

    /// SO_LINGER 0: close sends RST, so that a measured connection leaves no TIME_WAIT behind.
    static func closeWithReset(_ fd: Int32) throws(Errno) {
        var value = linger(l_onoff: 1, l_linger: 0)
        try check { Int(setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))) }
    }

    /// SO_BINDTODEVICE; needs no privilege on a socket that is not bound yet (Linux 5.7).
    static func bindToDevice(_ fd: Int32, _ name: String) throws(Errno) {
        try check { Int(name.withCString { setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, $0, socklen_t(strlen($0))) }) }
    }

    // MARK: Events

    static func epoll() throws(Errno) -> FileDescriptor {
        FileDescriptor(owning: Int32(try check { Int(epoll_create1(Int32(EPOLL_CLOEXEC))) }))
    }

    enum EpollOperation { case add, modify, delete }

    static func epollControl(
        _ epoll: Int32, _ operation: EpollOperation, _ fd: Int32, _ events: UInt32, word: UInt64
    ) throws(Errno) {
        let code =
            switch operation {
            case .add: EPOLL_CTL_ADD
            case .modify: EPOLL_CTL_MOD
            case .delete: EPOLL_CTL_DEL
            }
        try check { Int(probe_epoll_ctl(epoll, code, fd, events, word)) }
    }

    /// `timeout` in milliseconds, -1 for ever. EINTR counts as no events.
    static func epollWait(_ epoll: Int32, _ events: UnsafeMutableBufferPointer<epoll_event>, timeout: Int32) -> Int {
        max(0, Int(epoll_wait(epoll, events.baseAddress, Int32(events.count), timeout)))
    }

    static func eventFD() throws(Errno) -> FileDescriptor {
        FileDescriptor(owning: Int32(try check { Int(eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))) }))
    }

    static func timerFD() throws(Errno) -> FileDescriptor {
        FileDescriptor(
            owning: Int32(
                try check { Int(timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK))) }))
    }

    /// Absolute, CLOCK_MONOTONIC; nil disarms.
    static func setTimer(_ fd: Int32, _ instant: Instant?) throws(Errno) {
        var value = itimerspec()
        if let instant {
            let nanoseconds = max(1, instant.nanoseconds)
            value.it_value.tv_sec = Int(nanoseconds / 1_000_000_000)
            value.it_value.tv_nsec = Int(nanoseconds % 1_000_000_000)
        }
        try check { Int(timerfd_settime(fd, Int32(TFD_TIMER_ABSTIME), &value, nil)) }
    }

    static func signal(eventFD fd: Int32) {
        var one: UInt64 = 1
        _ = Glibc.write(fd, &one, 8)
    }

    /// Empties an eventfd or timerfd.
    static func drainCounter(_ fd: Int32) {
        var count: UInt64 = 0
        _ = Glibc.read(fd, &count, 8)
    }

    // MARK: The process

    /// Raises RLIMIT_NOFILE to its hard limit and returns what is now in force.
    static func raiseDescriptorLimit() throws(Errno) -> Int {
        var limit: UInt64 = 0
        try check { Int(probe_raise_descriptor_limit(&limit)) }
        return Int(clamping: limit)
    }

    /// What getentropy(3) gives at once.
    static let mostRandom = 256

    /// getentropy(3): at most `mostRandom` bytes, which neither fails nor blocks once the system has started.
    static func fillRandom(_ bytes: inout [UInt8]) {
        precondition(bytes.count <= mostRandom)
        getentropy(&bytes, bytes.count)
    }

    static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
