/// Lets threads outside a reactor wait for each other: an eventfd in semaphore mode.
package final class Semaphore: Sendable {
    private let descriptor: FileDescriptor

    package init() throws(Errno) { descriptor = try Syscalls.semaphore() }

    /// Blocks until a `signal` of its own: each signal lets one wait return.
    package func wait() { Syscalls.waitSemaphore(descriptor.number) }
    package func signal() { Syscalls.signal(eventFD: descriptor.number) }
}
