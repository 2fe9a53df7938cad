import ProbeNative

/// Writes whole lines by a thread of its own, so that nobody waits for a disk or for a pipe that its
/// reader has let run full. What waits is bounded; lines beyond it are lost and counted.
final class LineWriter: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var lost = 0
        var isEnding = false
        var ended: [CheckedContinuation<Void, Never>] = []
        var hasEnded = false
    }

    private let state = Locked(State())
    private let destination: any LineDestination
    private let mostWaiting: Int
    private let bell: ProbeNative.Semaphore
    private let end: ProbeNative.Semaphore

    /// - Parameters:
    ///   - destination: used by the writer's thread alone.
    ///   - mostWaiting: bytes that may wait.
    /// - Throws: EMFILE and the like: it takes two descriptors.
    init(to destination: any LineDestination, mostWaiting: Int = 8 << 20) throws(Errno) {
        self.destination = destination
        self.mostWaiting = mostWaiting
        bell = try ProbeNative.Semaphore()
        end = try ProbeNative.Semaphore()
    }

    /// Lines that were not written, because nothing took them or too slowly.
    var lost: Int { state.withLock(\.lost) }

    /// Begins to write; once.
    /// - Throws: EAGAIN when the kernel gives no thread.
    func start(threadName: String) throws(Errno) {
        guard ReactorThread.start(name: threadName, { [self] in run() }) else { throw .again }
    }

    /// - Parameter line: with its line end.
    func append(_ line: [UInt8]) {
        let isFirst = state.withLock { state in
            guard state.waiting.count + line.count <= mostWaiting else {
                state.lost += 1
                return false
            }
            defer { state.waiting += line }
            return state.waiting.isEmpty
        }
        if isFirst { bell.signal() }
    }

    /// Returns once everything appended was given to the kernel. Nothing may be appended any more.
    func finish() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                state.isEnding = true
                if !state.hasEnded { state.ended.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() } else { bell.signal() }
        }
    }

    /// The same for a thread that may block, but not for longer than `limit`.
    func finish(within limit: Duration) {
        state.withLock { $0.isEnding = true }
        bell.signal()
        _ = end.wait(atMost: limit)
    }

    private func run() {
        while true {
            bell.wait()
            let (lines, isEnding) = state.withLock { state in
                defer { state.waiting = [] }
                return (state.waiting, state.isEnding)
            }
            let unwritten = destination.write(lines)
            if unwritten > 0 { state.withLock { $0.lost += unwritten } }
            guard isEnding else { continue }
            let waiters = state.withLock { state in
                state.hasEnded = true
                defer { state.ended = [] }
                return state.ended
            }
            for waiter in waiters { waiter.resume() }
            end.signal()
            return
        }
    }
}
