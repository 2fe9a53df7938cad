import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// A small text file, read whole.
struct BoundedFile {
    let text: String
    /// Users other than its owner can read it.
    let isReadableByOthers: Bool

    /// True also for one that may not be read.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    static func isReadable(_ path: String) -> Bool {
        var status = stat()
        return access(path, R_OK) == 0 && stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
    }

    /// - Throws: a sentence that names the file.
    init(path: String, limit: Int) throws(ConfigurationError) {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw Self.failure(path) }
        let file = FileDescriptor(owning: fd)
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                read(file.number, $0.baseAddress?.advanced(by: filled), $0.count - filled)
            }
            if count < 0 { throw Self.failure(path) }
            if count == 0 { break }
            filled += count
        }
        guard filled <= limit else { throw ConfigurationError("\(path) is larger than \(limit) bytes.") }
        guard let text = String(validating: bytes.prefix(filled), as: UTF8.self) else {
            throw ConfigurationError("\(path) is not UTF-8 text.")
        }
        self.text = text
        var status = stat()
        isReadableByOthers = fstat(file.number, &status) == 0 && status.st_mode & 0o044 != 0
    }

    private static func failure(_ path: String) -> ConfigurationError {
        ConfigurationError("\(path) cannot be read: \(String(cString: strerror(errno))).")
    }
}
