import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// Lines into a file that is renamed when it is full: `x` becomes `x.1`, that `x.2`, and the last goes.
final class RotatingFile: LineDestination, @unchecked Sendable {
    // @unchecked: all that changes is touched by the writer's thread alone.
    private let path: String
    private let limit: Int
    private let keep: Int
    private var file: LineFile
    private var size: Int

    /// Opens the file for appending; made with mode 0640 if it is missing.
    /// - Parameters:
    ///   - limit: bytes of a file; only a longer single line makes one larger.
    ///   - keep: how many old files are kept.
    init(_ path: String, limit: Int, keep: Int) throws(Errno) {
        self.path = path
        self.limit = limit
        self.keep = keep
        (file, size) = try Self.open(path)
    }

    private static func open(_ path: String) throws(Errno) -> (LineFile, Int) {
        let number = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        guard number >= 0 else { throw Errno(rawValue: errno) }
        let descriptor = FileDescriptor(owning: number)
        var status = stat()
        guard fstat(number, &status) == 0 else { throw Errno(rawValue: errno) }
        return (LineFile(owning: descriptor), Int(status.st_size))
    }

    func write(_ lines: [UInt8]) -> Int {
        var rest = lines[...]
        var unwritten = 0
        while !rest.isEmpty {
            var part = fitting(rest)
            if part.isEmpty {
                if size > 0 { rotate() }
                part = fitting(rest)
                // A line of more than a whole file, or no new file could be had.
                if part.isEmpty { part = rest.prefix(through: rest.firstIndex(of: Self.end) ?? rest.endIndex - 1) }
            }
            unwritten += file.write(Array(part))
            size += part.count
            rest = rest[part.endIndex...]
        }
        return unwritten
    }

    private static let end = UInt8(ascii: "\n")

    /// As many whole lines as there is room for.
    private func fitting(_ lines: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let room = lines.prefix(max(0, limit - size))
        if room.count == lines.count { return lines }
        return room.lastIndex(of: Self.end).map { lines[...$0] } ?? lines.prefix(0)
    }

    /// Where a name cannot be changed or a file not be made, what there is goes on growing: results come first.
    private func rotate() {
        for number in stride(from: keep, to: 0, by: -1) {
            rename(number == 1 ? path : "\(path).\(number - 1)", "\(path).\(number)")
        }
        if keep == 0 { unlink(path) }
        if let (next, length) = try? Self.open(path) { (file, size) = (next, length) }
    }
}
