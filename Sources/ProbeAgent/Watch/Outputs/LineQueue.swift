import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// Where a `LineQueue` puts its lines. Used by its thread alone.
protocol LineDestination: AnyObject, Sendable {
    /// Takes whole lines, each with its end. May block.
    /// - Returns: how many of them did not get there whole.
    func write(_ lines: [UInt8]) -> Int
}

/// Lines for a file or a pipe, written by a thread of its own, so that whoever has one to say waits for no disk and no reader.
final class LineQueue: Sendable {
    /// Bytes that may wait; lines beyond it are lost and counted.
    static let mostWaiting = 8 << 20

    private struct State {
        var waiting: [UInt8] = []
        var lost = 0
        var isEnding = false
        var ended: [CheckedContinuation<Void, Never>] = []
        var hasEnded = false
    }

    private let name: String
    private let state = Locked(State())
    private let destination: any LineDestination
    private let bell: ProbeNative.Semaphore

    /// - Parameter name: of the thread, at most 15 characters.
    /// - Throws: EMFILE and the like: it takes a descriptor.
    init(_ name: String, to destination: any LineDestination) throws(Errno) {
        self.name = name
        self.destination = destination
        bell = try ProbeNative.Semaphore()
    }

    /// Lines that did not get where they should.
    var lost: Int { state.withLock(\.lost) }

    /// Begins to write; once, after start-up. False when the kernel gives no thread.
    func start() -> Bool { ReactorThread.start(name: name) { [self] in run() } }

    /// - Parameter line: without its end.
    func append(_ line: [UInt8]) {
        let isFirst = state.withLock { state in
            guard state.waiting.count + line.count < Self.mostWaiting else {
                state.lost += 1
                return false
            }
            defer {
                state.waiting += line
                state.waiting.append(UInt8(ascii: "\n"))
            }
            return state.waiting.isEmpty
        }
        if isFirst { bell.signal() }
    }

    /// Returns once everything appended was written. Nothing may be appended any more.
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
            return
        }
    }
}

/// Lines into a descriptor.
final class LineFile: LineDestination, @unchecked Sendable {
    // @unchecked: `isTorn` is touched by the writer's thread alone.
    private let file: FileDescriptor
    /// The file's last line has no end: a disk took only a part of it.
    private var isTorn = false

    init(_ file: consuming FileDescriptor) { self.file = file }

    func write(_ lines: [UInt8]) -> Int {
        let end = UInt8(ascii: "\n")
        let bytes = (isTorn && !lines.isEmpty ? [end] : []) + lines
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(file.number, $0.baseAddress?.advanced(by: done), $0.count - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            done += count
        }
        if done > 0 { isTorn = bytes[done - 1] != end }
        return lines.suffix(bytes.count - done).count { $0 == end }
    }
}
