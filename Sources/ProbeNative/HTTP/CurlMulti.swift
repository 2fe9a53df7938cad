import CCurl
import COpenSSL

/// The reactor's CURLM, driven by the reactor's epoll set and timers (libcurl's multi-socket interface). Nothing polls,
/// and no libcurl function is called from within its own callbacks: these only note what libcurl wants watched.
final class CurlMulti: ReactorLocal {
    /// libcurl asks for one global initialisation before any thread uses it; a `static let` is one.
    static let isReady: Bool = {
        guard curl_global_init(PROBE_CURL_GLOBAL_ALL) == CURLE_OK else { return false }
        // The first context of a process looks all algorithms up (5 ms), which no job's handshake should pay for.
        SSL_CTX_free(SSL_CTX_new(TLS_client_method()))
        return true
    }()

    private let reactor: Reactor
    private let handle: UnsafeMutableRawPointer?
    private var transfers: [UnsafeMutableRawPointer: CurlTransfer] = [:]
    private var sockets: [curl_socket_t: CurlWatch] = [:]
    /// Not wanted any more, and perhaps about to be closed.
    private var unwanted: [curl_socket_t: CurlWatch] = [:]
    private var timer: (token: Reactor.TimerToken, at: Instant)?
    /// When libcurl wants to be called.
    private var due: Instant?
    /// Handles to be used again: making one costs more than all of a small transfer's bytes.
    private var idle: [CurlEasy] = []
    private static let mostIdle = 64
    /// Transfers whose socket epoll did not take; ended when libcurl has returned.
    private var unwatched: [UnsafeMutableRawPointer] = []

    init(reactor: Reactor) {
        self.reactor = reactor
        handle = Self.isReady ? curl_multi_init() : nil
        guard let handle else { return }
        let me = Unmanaged.passUnretained(self).toOpaque()
        probe_curl_multi_set_pointer(handle, CURLMOPT_SOCKETDATA, me)
        probe_curl_multi_set_pointer(handle, CURLMOPT_TIMERDATA, me)
        // Every transfer has a connection of its own.
        probe_curl_multi_set_long(handle, CURLMOPT_PIPELINING, 0)
        probe_curl_multi_set_socket_callback(handle, CURLMOPT_SOCKETFUNCTION) { easy, socket, what, me, _ in
            guard let me else { return 0 }
            return Unmanaged<CurlMulti>.fromOpaque(me).takeUnretainedValue().watch(socket, what, for: easy)
        }
        probe_curl_multi_set_timer_callback(handle, CURLMOPT_TIMERFUNCTION) { _, milliseconds, me in
            guard let me else { return 0 }
            return Unmanaged<CurlMulti>.fromOpaque(me).takeUnretainedValue().arm(milliseconds)
        }
    }

    deinit {
        guard let handle else { return }
        probe_curl_multi_set_socket_callback(handle, CURLMOPT_SOCKETFUNCTION, nil)
        probe_curl_multi_set_timer_callback(handle, CURLMOPT_TIMERFUNCTION, nil)
        for watch in sockets.values { watch.registration.cancel() }
        curl_multi_cleanup(handle)
    }

    /// Runs a transfer to its end, or until `deadline` or the task's cancellation, when its socket is closed at once.
    /// What became of it is in the transfer.
    func run(_ transfer: CurlTransfer, until deadline: Instant) async -> WakeReason {
        // Begun only when it can be woken, so that nothing of it can come before.
        let reason = await reactor.park(until: deadline) { token in
            transfer.waiter = token
            begin(transfer)
            if transfer.result != nil { reactor.wake(token) }
        }
        remove(transfer.easy.handle)
        if transfer.result != nil { return .ready }
        transfer.stamps.ended = reactor.now
        return reason
    }

    func idleEasy() -> CurlEasy? { idle.popLast() }

    func keep(_ easy: CurlEasy) {
        guard idle.count < Self.mostIdle else { return }
        easy.reset()
        idle.append(easy)
    }

    private func begin(_ transfer: CurlTransfer) {
        let easy = transfer.easy.handle
        guard let handle, curl_multi_add_handle(handle, easy) == CURLM_OK else {
            return transfer.end(CURLE_OUT_OF_MEMORY, at: reactor.now)
        }
        transfers[easy] = transfer
    }

    private func remove(_ easy: UnsafeMutableRawPointer) {
        guard transfers.removeValue(forKey: easy) != nil, let handle else { return }
        curl_multi_remove_handle(handle, easy)
        forgetUnwanted()
    }

    // MARK: What libcurl wants

    /// CURLMOPT_SOCKETFUNCTION. Anything but 0 would end the whole multi handle.
    private func watch(_ socket: curl_socket_t, _ what: Int32, for easy: UnsafeMutableRawPointer?) -> Int32 {
        if what == CURL_POLL_REMOVE {
            unwanted[socket] = sockets.removeValue(forKey: socket)
            return 0
        }
        if what & CURL_POLL_IN != 0, let easy { transfers[easy]?.listens() }
        var events: PollEvents = []
        if what & CURL_POLL_IN != 0 { events.insert(.readable) }
        if what & CURL_POLL_OUT != 0 { events.insert(.writable) }
        do throws(Errno) {
            if let watch = sockets[socket] ?? unwanted.removeValue(forKey: socket) {
                sockets[socket] = watch
                try watch.change(to: events)
            } else {
                sockets[socket] = try CurlWatch(reactor, socket, events) { [unowned self] in act(on: socket, $0) }
            }
        } catch {
            unwatched.append(contentsOf: transfers.filter { $0.value.socket == socket }.keys)
        }
        return 0
    }

    /// The close callback's word that the socket ends now, which takes it out of epoll's set.
    func closes(_ socket: curl_socket_t) {
        let watch = unwanted.removeValue(forKey: socket) ?? sockets.removeValue(forKey: socket)
        watch?.registration.endWithDescriptor()
    }

    private func forgetUnwanted() {
        guard !unwanted.isEmpty else { return }
        for watch in unwanted.values { watch.registration.cancel() }
        unwanted.removeAll()
    }

    /// CURLMOPT_TIMERFUNCTION: one timer for the whole handle; -1 is none. The reactor's timer is moved only to an
    /// earlier time: one that fires early looks again, moving it for each transfer would cost each.
    private func arm(_ milliseconds: Int) -> Int32 {
        due = milliseconds < 0 ? nil : reactor.now + .milliseconds(milliseconds)
        schedule()
        return 0
    }

    private func schedule() {
        guard let due else { return }
        if let timer {
            if timer.at <= due { return }
            reactor.cancel(timer.token)
        }
        let token = reactor.schedule(at: due) { [unowned self] in fire() }
        timer = (token, due)
    }

    private func fire() {
        timer = nil
        guard let due else { return }
        if due > reactor.now { return schedule() }
        self.due = nil
        act(on: PROBE_CURL_SOCKET_TIMEOUT, [])
    }

    // MARK: What happens

    private func act(on socket: curl_socket_t, _ events: PollEvents) {
        guard let handle else { return }
        let events = sockets[socket]?.wanted(of: events) ?? events
        if events.isEmpty, socket != PROBE_CURL_SOCKET_TIMEOUT { return }
        var mask: Int32 = 0
        if events.contains(.readable) { mask |= CURL_CSELECT_IN }
        if events.contains(.writable) { mask |= CURL_CSELECT_OUT }
        if !events.isDisjoint(with: [.error, .hangUp]) { mask |= CURL_CSELECT_ERR }
        var running: Int32 = 0
        curl_multi_socket_action(handle, socket, mask, &running)
        forgetUnwanted()
        if let watch = sockets[socket], (try? watch.settle()) == nil {
            unwatched.append(contentsOf: transfers.filter { $0.value.socket == socket }.keys)
        }
        collect(handle)
    }

    /// Hands finished transfers to their tasks, which go on when this turn of the loop is over.
    private func collect(_ handle: UnsafeMutableRawPointer) {
        var left: Int32 = 0
        while let message = curl_multi_info_read(handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            finish(easy, message.pointee.data.result)
        }
        while let easy = unwatched.popLast() { finish(easy, CURLE_OUT_OF_MEMORY) }
    }

    private func finish(_ easy: UnsafeMutableRawPointer, _ result: CURLcode) {
        guard let transfer = transfers[easy] else { return }
        transfer.end(result, at: reactor.now)
        remove(easy)
        if let waiter = transfer.waiter { reactor.wake(waiter) }
    }
}
