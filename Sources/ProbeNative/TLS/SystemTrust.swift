/// The system's authorities for the jobs of a reactor. They are read on a thread of its own, once, when the first job
/// asks: tens of milliseconds on the reactor would be in the numbers of every job there.
final class SystemTrust: ReactorLocal {
    private let reactor: Reactor
    private var store: TrustStore?
    private var waiters: [WaitToken] = []
    private var isLoading = false

    init(reactor: Reactor) { self.reactor = reactor }

    /// - Throws: `local_resource_exhausted` without memory; `deadline_exceeded` and `cancelled` at stage `tls`.
    func store(until deadline: Instant, for span: Span? = nil) async throws(ProbeFailure) -> TrustStore {
        if let store { return store }
        let reading = span?.begin(.trust, "the system's authorities")
        defer { reading?.end("read, once for this process") }
        let reason = await reactor.park(until: deadline) { token in
            waiters.append(token)
            load()
        }
        switch reason {
        case .timeout: throw .deadline(.tls)
        case .cancelled: throw .cancelled(.tls)
        case .ready: break
        }
        if let store { return store }
        throw ProbeFailure(.tls, .localResourceExhausted, "The node has no memory for the certificate authorities.")
    }

    private func load() {
        guard !isLoading else { return }
        isLoading = true
        let reactor = reactor
        let read: @Sendable () -> Void = {
            let store = TrustStore.system
            reactor.submit { reactor.local(SystemTrust.self).loaded(store) }
        }
        // Without a thread it is read here: late numbers are better than none.
        if !ReactorThread.start(name: "trust-store", read) { read() }
    }

    private func loaded(_ store: TrustStore?) {
        self.store = store
        isLoading = false
        let woken = waiters
        waiters = []
        for waiter in woken { reactor.wake(waiter) }
    }
}
