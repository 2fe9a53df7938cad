import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// A non-blocking socket on its reactor, made by `Gate`. Registered once, edge-triggered; closed when it ends.
public final class Socket {
    private enum Direction { case read, write }

    private let reactor: Reactor
    private let descriptor: FileDescriptor
    private let share: Budget.Share
    private var registration: Registration?
    // An edge that came while nobody waited must not be lost: true until a call says EAGAIN.
    private var mayRead = true
    private var mayWrite = true
    /// The kernel has told of an error or the end of the connection.
    private var hasEnded = false
    private var reader: WaitToken?
    private var writer: WaitToken?
    /// What a connection is a part of.
    var span: Span?

    init(_ reactor: Reactor, _ descriptor: consuming FileDescriptor, _ share: Budget.Share) throws(Errno) {
        self.reactor = reactor
        self.descriptor = descriptor
        self.share = share
        registration = try reactor.register(
            self.descriptor.number, [.readable, .writable, .peerClosed, .edgeTriggered]
        ) { [weak self] events in self?.handle(events) }
    }

    deinit { registration?.endWithDescriptor() }

    /// For option calls and for libraries that read and write by themselves (OpenSSL). Never to be closed.
    public var number: Int32 { descriptor.number }

    public var localAddress: SocketAddress? { try? Syscalls.localAddress(number) }

    /// Close sends RST instead of FIN: a measured TCP connection leaves no TIME_WAIT.
    public func closeWithReset() { try? Syscalls.closeWithReset(number) }

    /// TCP_NODELAY: a prober's small writes must not wait for an acknowledgement.
    public func setNoDelay() { try? Syscalls.setOption(number, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }

    /// How a connect ended, for who tells the errors apart by themselves.
    enum Connection: Sendable, Hashable {
        case made, timeout, cancelled
        /// `isLocal`: the node's kernel said so at once, before anything came back from the network.
        case failed(Errno, isLocal: Bool)
    }

    nonisolated(nonsending) func tryConnect(to address: SocketAddress, until deadline: Instant) async -> Connection {
        let attempt = span?.begin(.connect, "\(address)")
        var connection = beginConnection(to: address)
        if connection == nil {
            mayWrite = false
            connection = endedConnection(await wait(.write, until: deadline))
        }
        let ended = connection ?? .timeout
        if let attempt { Self.end(attempt, ended) }
        return ended
    }

    /// Nil: it takes its time.
    private func beginConnection(to address: SocketAddress) -> Connection? {
        do throws(Errno) {
            try Syscalls.connect(number, to: address)
            return .made
        } catch { return error.rawValue == EINPROGRESS ? nil : .failed(error, isLocal: true) }
    }

    private func endedConnection(_ reason: WakeReason) -> Connection {
        switch reason {
        case .ready:
            // A connect that failed comes with EPOLLERR: without it there is no error to be asked for.
            guard hasEnded, let error = Syscalls.pendingError(number) else { return .made }
            return .failed(error, isLocal: false)
        case .timeout: return .timeout
        case .cancelled: return .cancelled
        }
    }

    private static func end(_ attempt: Span, _ connection: Connection) {
        switch connection {
        case .made: attempt.end("connected")
        case .failed(let error, _): attempt.fail(error.failure(.connect, "connecting"))
        case .timeout: attempt.end("no answer", isFailed: true)
        case .cancelled: attempt.end("cancelled", isFailed: true)
        }
    }

    nonisolated(nonsending) func connect(to address: SocketAddress, until deadline: Instant) async throws(ProbeFailure)
    {
        let doing = "connecting to \(address)"
        switch await tryConnect(to: address, until: deadline) {
        case .made: return
        case .failed(let error, _): throw error.failure(.connect, doing)
        case .timeout: throw ProbeFailure(.connect, .connectionTimeout, "No answer while \(doing).")
        case .cancelled: throw .cancelled(.connect)
        }
    }

    /// Suspends until a read may succeed.
    nonisolated(nonsending) public func readable(until deadline: Instant) async -> WakeReason {
        await wait(.read, until: deadline)
    }
    /// Suspends until a write may succeed.
    nonisolated(nonsending) public func writable(until deadline: Instant) async -> WakeReason {
        await wait(.write, until: deadline)
    }

    /// What a library that reads by itself tells after its EAGAIN, so that the next `readable` waits for an edge.
    public func sawReadBlock() { mayRead = false }
    public func sawWriteBlock() { mayWrite = false }

    /// One recv(2). Nil: nothing there yet. 0: the peer closed (TCP).
    public func tryReceive(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int? {
        do throws(Errno) { return try Syscalls.receive(number, into: buffer) } catch {
            guard error == .again else { throw error }
            mayRead = false
            return nil
        }
    }

    /// One send(2). Nil: the buffer is full.
    public func trySend(_ bytes: UnsafeRawBufferPointer) throws(Errno) -> Int? {
        do throws(Errno) { return try Syscalls.send(number, bytes) } catch {
            guard error == .again else { throw error }
            mayWrite = false
            return nil
        }
    }

    /// Sends everything. Throws `timeout` (by `code`) when the deadline comes first.
    public func send(
        _ bytes: [UInt8], until deadline: Instant, stage: Stage = .request, timeout code: ErrorCode = .connectionTimeout
    ) async throws(ProbeFailure) {
        var sent = 0
        while sent < bytes.count {
            do throws(Errno) {
                let count = try trySend(bytes, from: sent)
                if let count {
                    sent += count
                    continue
                }
            } catch { throw error.failure(stage, "sending") }
            switch await wait(.write, until: deadline) {
            case .ready: continue
            case .timeout: throw ProbeFailure(stage, code, "The peer took no data in time.")
            case .cancelled: throw .cancelled(stage)
            }
        }
    }

    private func trySend(_ bytes: [UInt8], from start: Int) throws(Errno) -> Int? {
        let result: Result<Int?, Errno> = bytes.withUnsafeBytes { raw in
            do throws(Errno) { return .success(try trySend(UnsafeRawBufferPointer(rebasing: raw[start...]))) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The next datagram or the bytes that are there, at most `limit`; empty when a TCP peer closed. Throws `timeout`
    /// (by `code`) when the deadline comes first.
    public func receive(
        atMost limit: Int = 65535, until deadline: Instant, stage: Stage = .response, timeout code: ErrorCode
    ) async throws(ProbeFailure) -> [UInt8] {
        while true {
            do throws(Errno) {
                if let bytes = try tryReceive(atMost: limit) { return bytes }
            } catch { throw error.failure(stage, "receiving") }
            switch await wait(.read, until: deadline) {
            case .ready: continue
            case .timeout: throw ProbeFailure(stage, code, "No answer came in time.")
            case .cancelled: throw .cancelled(stage)
            }
        }
    }

    /// One recv(2) of at most `limit` bytes. Nil: nothing there yet. Empty: the peer closed (TCP).
    public func tryReceive(atMost limit: Int) throws(Errno) -> [UInt8]? {
        var failure: Errno?
        var blocked = false
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            do throws(Errno) {
                if let received = try tryReceive(into: UnsafeMutableRawBufferPointer(buffer)) {
                    count = received
                } else {
                    blocked = true
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
        return blocked ? nil : bytes
    }

    nonisolated(nonsending) private func wait(_ direction: Direction, until deadline: Instant) async -> WakeReason {
        if direction == .read ? mayRead : mayWrite { return Task.isCancelled ? .cancelled : .ready }
        return await reactor.park(until: deadline) { token in
            if direction == .read { reader = token } else { writer = token }
        }
    }

    private func handle(_ events: PollEvents) {
        let ended = !events.isDisjoint(with: [.error, .hangUp])
        if ended { hasEnded = true }
        if ended || !events.isDisjoint(with: [.readable, .peerClosed]) {
            mayRead = true
            if let token = reader.take() { reactor.wake(token) }
        }
        if ended || events.contains(.writable) {
            mayWrite = true
            if let token = writer.take() { reactor.wake(token) }
        }
    }
}
