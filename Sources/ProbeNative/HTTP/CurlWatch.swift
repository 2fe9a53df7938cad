/// A socket of libcurl's in epoll's set. libcurl expects level-triggered events and changes its mind at each step:
/// write to connect, then read. So a socket that is to be written begins edge-triggered both ways, and most transfers
/// end before it has to be changed. An edge comes once: as soon as libcurl waits for what has been told already, the
/// socket becomes level-triggered for good, and the kernel tells it again.
final class CurlWatch {
    let registration: Registration
    private var wanted: PollEvents
    /// What edges have told.
    private var told: PollEvents = []
    private var isLevel: Bool

    init(
        _ reactor: Reactor, _ socket: Int32, _ wanted: PollEvents, _ handler: @escaping (PollEvents) -> Void
    ) throws(Errno) {
        self.wanted = wanted
        isLevel = !wanted.contains(.writable)
        registration = try reactor.register(
            socket, isLevel ? wanted : [.readable, .writable, .edgeTriggered], handler)
    }

    func change(to wanted: PollEvents) throws(Errno) {
        self.wanted = wanted
        if isLevel { try registration.change(to: wanted) } else { try settle() }
    }

    /// Those of `events` that libcurl waits for, and errors, which it always does.
    func wanted(of events: PollEvents) -> PollEvents {
        if !isLevel { told.formUnion(events.intersection([.readable, .writable])) }
        return events.intersection(wanted.union([.error, .hangUp]))
    }

    /// To be called when libcurl has done with an event.
    func settle() throws(Errno) {
        guard !isLevel, !told.isDisjoint(with: wanted) else { return }
        isLevel = true
        try registration.change(to: wanted)
    }
}
