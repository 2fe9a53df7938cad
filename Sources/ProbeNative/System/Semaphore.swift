#if canImport(Glibc)
    import Glibc
#endif

/// Lets threads outside a reactor wait for each other: an eventfd in semaphore mode.
package final class Semaphore: Sendable {
    private let descriptor: FileDescriptor

    package init() throws(Errno) { descriptor = try Syscalls.semaphore() }

    /// Blocks until a `signal` of its own: each signal lets one wait return.
    package func wait() { Syscalls.waitSemaphore(descriptor.number) }
    package func signal() { Syscalls.signal(eventFD: descriptor.number) }

    /// The same for at most `limit`, for the only thread that waits.
    /// - Returns: false when the time was over first.
    package func wait(atMost limit: Duration) -> Bool {
        let deadline = SystemTime().now + limit
        while true {
            let left = max(0, (deadline - SystemTime().now).inMilliseconds.rounded(.up))
            var event = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
            let count = poll(&event, 1, Int32(clamping: Int64(left)))
            if count > 0 {
                wait()
                return true
            }
            if count == 0, left == 0 { return false }
        }
    }
}
