import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// Writes whole lines to a descriptor by a thread of its own, so that nobody waits for a disk or for a pipe that its
/// reader has let run full. What waits is bounded; lines beyond it are lost and counted.
final class LineWriter: Sendable {
    /// As many whole lines as fit go into one write(2): a pipe takes so much at once or not at all (PIPE_BUF, pipe(7)), so
    /// no other writer's text comes in between.
    private static let atOnce = 4096

    private struct State {
        var waiting: [UInt8] = []
        var lost = 0
        var isEnding = false
        var ended: [CheckedContinuation<Void, Never>] = []
        var hasEnded = false
    }

    private let state = Locked(State())
    private let descriptor: Int32
    private let mostWaiting: Int
    private let bell: ProbeNative.Semaphore
    private let end: ProbeNative.Semaphore

    /// - Parameters:
    ///   - descriptor: stays the caller's.
    ///   - mostWaiting: bytes that may wait.
    init(_ descriptor: Int32, mostWaiting: Int = 8 << 20) throws(Errno) {
        self.descriptor = descriptor
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
        // The file's last line has no end: a disk took only a part of it.
        var isTorn = false
        while true {
            bell.wait()
            let (lines, isEnding) = state.withLock { state in
                defer { state.waiting = [] }
                return (state.waiting, state.isEnding)
            }
            let unwritten = write(lines, isTorn: &isTorn)
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

    /// Returns how many lines were not written whole.
    private func write(_ lines: [UInt8], isTorn: inout Bool) -> Int {
        let end = UInt8(ascii: "\n")
        let bytes = (isTorn && !lines.isEmpty ? [end] : []) + lines
        var done = 0
        while done < bytes.count {
            let piece = bytes[done..<min(done + Self.atOnce, bytes.count)]
            // A line longer than that goes as it comes.
            let whole = piece.lastIndex(of: end).map { $0 + 1 - done } ?? piece.count
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), whole) }
            if count < 0, errno == EINTR { continue }
            // Whoever shares the descriptor may have made it one that does not wait.
            if count < 0, errno == EAGAIN {
                var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&event, 1, -1)
                continue
            }
            guard count > 0 else { break }
            done += count
        }
        if done > 0 { isTorn = bytes[done - 1] != end }
        return lines.suffix(bytes.count - done).count { $0 == end }
    }
}
