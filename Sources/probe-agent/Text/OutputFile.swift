#if canImport(Glibc)
    import Glibc
#endif

/// What a command prints cannot be written; one sentence.
struct OutputError: Error, CustomStringConvertible {
    /// Of sysexits.h: EX_IOERR.
    static let exitCode: Int32 = 74

    let description: String

    init(_ what: String, _ code: Int32) {
        description = "\(what) cannot be written: \(String(cString: strerror(code)))."
    }
}

/// A file that somebody named for what a command prints. Opened before the process gives up opening files.
struct OutputFile {
    private let path: String
    private let descriptor: Int32

    /// - Throws: a sentence when it cannot be opened.
    init(_ path: String) throws(OutputError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        self.path = path
        guard descriptor >= 0 else { throw OutputError(path.shownInSentence, errno) }
    }

    /// Ends the process, after a sentence, when it cannot be written.
    func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else {
                if errno == EINTR { continue }
                Terminal.complain(OutputError(path.shownInSentence, errno).description)
                ProcessEnd.now(OutputError.exitCode)
            }
            rest = rest.dropFirst(count)
        }
        close(descriptor)
    }
}
