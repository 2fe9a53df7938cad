/// Lets threads outside a reactor wait for each other: an eventfd in semaphore mode.
final class Semaphore: Sendable {
    private let descriptor: FileDescriptor

    init() throws(Errno) { descriptor = try Syscalls.semaphore() }

    /// Blocks until a `signal` of its own: each signal lets one wait return.
    func wait() { Syscalls.waitSemaphore(descriptor.number) }
    func signal() { Syscalls.signal(eventFD: descriptor.number) }
}
