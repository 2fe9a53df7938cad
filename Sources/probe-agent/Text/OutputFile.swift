#if canImport(Glibc)
    import Glibc
#endif

/// A file that somebody named for what a command prints. Opened before the process gives up opening files.
struct OutputFile {
    private let path: String
    private let descriptor: Int32

    /// - Throws: a sentence when it cannot be opened.
    init(_ path: String) throws(UsageError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        self.path = path
        guard descriptor >= 0 else {
            throw UsageError("\(path.shownInSentence) cannot be written: \(String(cString: strerror(errno))).")
        }
    }

    /// Of sysexits.h.
    private static let inputOutputError: Int32 = 74

    /// Ends the process, after a sentence, when it cannot be written.
    func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else {
                if errno == EINTR { continue }
                Terminal.complain(
                    "\(path.shownInSentence) cannot be written: \(String(cString: strerror(errno))).")
                ProcessEnd.now(Self.inputOutputError)
            }
            rest = rest.dropFirst(count)
        }
        close(descriptor)
    }
}
