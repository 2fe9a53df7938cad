import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// Where a `LineWriter` puts its lines. Used by its thread alone.
protocol LineDestination: AnyObject, Sendable {
    /// Takes whole lines, each with its end. May block.
    /// - Returns: how many of them did not get there whole.
    func write(_ lines: [UInt8]) -> Int
}

/// Lines into a file or a pipe.
final class LineFile: LineDestination, @unchecked Sendable {
    // @unchecked: `isTorn` is touched by the writer's thread alone.

    /// As many whole lines as fit go into one write(2): a pipe takes so much at once or not at all (PIPE_BUF, pipe(7)), so
    /// no other writer's text comes in between.
    private static let atOnce = 4096

    private let descriptor: Int32
    private let owned: FileDescriptor?
    /// The last line has no end: a disk took only a part of it.
    private var isTorn = false

    /// Closes it in the end.
    init(owning file: consuming FileDescriptor) {
        descriptor = file.number
        owned = .some(consume file)
    }

    /// - Parameter descriptor: stays the caller's.
    init(borrowing descriptor: Int32) {
        self.descriptor = descriptor
        owned = nil
    }

    func write(_ lines: [UInt8]) -> Int {
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
