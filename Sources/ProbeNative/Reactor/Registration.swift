import CLinux

/// A descriptor's place in a reactor's epoll set. Descriptor numbers are reused at once, also within one batch of
/// events, so each event carries the generation it was registered with and a stale one is dropped.
struct RegistrationTable {
    private struct Entry {
        var generation: UInt32 = 0
        var handler: ((PollEvents) -> Void)?
    }
    private var entries: [Entry] = []

    fileprivate mutating func insert(_ fd: Int32, _ handler: @escaping (PollEvents) -> Void) -> UInt64 {
        if Int(fd) >= entries.count {
            entries.append(contentsOf: repeatElement(Entry(), count: max(64, Int(fd) + 1 - entries.count)))
        }
        entries[Int(fd)].generation &+= 1
        // The two highest words are the reactor's own descriptors.
        if entries[Int(fd)].generation == .max { entries[Int(fd)].generation = 1 }
        entries[Int(fd)].handler = handler
        return UInt64(entries[Int(fd)].generation) << 32 | UInt64(UInt32(bitPattern: fd))
    }

    fileprivate mutating func remove(_ word: UInt64) {
        guard let index = live(word) else { return }
        entries[index].handler = nil
        entries[index].generation &+= 1
    }

    /// Nil for a stale event.
    func handler(_ word: UInt64) -> ((PollEvents) -> Void)? { live(word).flatMap { entries[$0].handler } }

    private func live(_ word: UInt64) -> Int? {
        let index = Int(UInt32(truncatingIfNeeded: word))
        guard index < entries.count, entries[index].generation == UInt32(word >> 32) else { return nil }
        return index
    }
}

/// Events of epoll(7).
public struct PollEvents: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let readable = PollEvents(rawValue: PROBE_EPOLLIN)
    public static let writable = PollEvents(rawValue: PROBE_EPOLLOUT)
    public static let error = PollEvents(rawValue: PROBE_EPOLLERR)
    public static let hangUp = PollEvents(rawValue: PROBE_EPOLLHUP)
    public static let peerClosed = PollEvents(rawValue: PROBE_EPOLLRDHUP)
    public static let edgeTriggered = PollEvents(rawValue: PROBE_EPOLLET)
}

/// Keeps a descriptor registered; ends with `cancel`, which must come before the descriptor is closed. Confined to the
/// reactor's thread.
public final class Registration {
    private let reactor: Reactor
    private let fd: Int32
    private var word: UInt64
    private var isActive = true

    init(_ reactor: Reactor, _ fd: Int32, word: UInt64) {
        self.reactor = reactor
        self.fd = fd
        self.word = word
    }

    public func change(to events: PollEvents) throws(Errno) {
        guard isActive else { return }
        try reactor.control(.modify, fd, events.rawValue, word: word)
    }

    public func cancel() {
        guard isActive else { return }
        endWithDescriptor()
        // Fails only when the descriptor is closed already, which removed it from the set.
        try? reactor.control(.delete, fd, 0, word: word)
    }

    /// For whoever closes the descriptor in the same turn and has the only one: closing takes it out of the set
    /// (epoll(7)), and a system call is saved.
    func endWithDescriptor() {
        guard isActive else { return }
        isActive = false
        reactor.registrations.remove(word)
    }
}

extension Reactor {
    /// Calls `handler` on this thread for the descriptor's events until the registration is cancelled. Level-triggered
    /// unless `events` says `.edgeTriggered`.
    public func register(
        _ fd: Int32, _ events: PollEvents, _ handler: @escaping (PollEvents) -> Void
    ) throws(Errno) -> Registration {
        assert(isOnThread)
        let word = registrations.insert(fd, handler)
        do throws(Errno) {
            try control(.add, fd, events.rawValue, word: word)
        } catch {
            registrations.remove(word)
            throw error
        }
        return Registration(self, fd, word: word)
    }
}
