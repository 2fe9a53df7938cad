import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// The folder of the journal's segments, each a file `<16 hex digits>.log`. Errors are the kernel's own.
struct SegmentFolder: Sendable {
    let path: String

    /// The segments that there are, oldest first.
    func numbers() throws(Errno) -> [UInt64] {
        guard let folder = opendir(path) else { throw Errno(rawValue: errno) }
        defer { closedir(folder) }
        var numbers: [UInt64] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".log"), name.utf8.count == 20, let number = UInt64(name.prefix(16), radix: 16) {
                numbers.append(number)
            }
        }
        return numbers.sorted()
    }

    /// Makes the file, which must not exist, for its owner alone, and its name durable.
    func create(_ number: UInt64) throws(Errno) -> SegmentFile {
        let descriptor = open(file(number), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        let segment = SegmentFile(FileDescriptor(owning: descriptor))
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Errno(rawValue: errno) }
        let owned = FileDescriptor(owning: folder)
        guard fsync(owned.number) == 0 else { throw Errno(rawValue: errno) }
        return segment
    }

    /// One that is gone already is no error.
    func remove(_ number: UInt64) throws(Errno) {
        if unlink(file(number)) != 0, errno != ENOENT { throw Errno(rawValue: errno) }
    }

    func read(_ number: UInt64) throws(Errno) -> [UInt8] {
        let descriptor = open(file(number), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        let owned = FileDescriptor(owning: descriptor)
        var status = stat()
        guard fstat(owned.number, &status) == 0 else { throw Errno(rawValue: errno) }
        let size = Int(status.st_size)
        var failure: Errno?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            while filled < size {
                let count = Glibc.read(owned.number, buffer.baseAddress?.advanced(by: filled), size - filled)
                if count < 0, errno == EINTR { continue }
                if count < 0 { failure = Errno(rawValue: errno) }
                if count <= 0 { return }
                filled += count
            }
        }
        if let failure { throw failure }
        return bytes
    }

    private func file(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return "\(path)/\(String(repeating: "0", count: 16 - digits.utf8.count))\(digits).log"
    }
}

/// A segment that is written to, at its end only.
final class SegmentFile {
    private let descriptor: FileDescriptor
    /// Whole records end here.
    private var size: off_t = 0

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// write(2), all of it; of one that fails nothing is to stay, as far as the kernel lets itself be told.
    func append(_ bytes: [UInt8]) throws(Errno) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor.number, $0.baseAddress?.advanced(by: done), $0.count - done)
            }
            if count >= 0 {
                done += count
            } else if errno != EINTR {
                let error = Errno(rawValue: errno)
                _ = ftruncate(descriptor.number, size)
                throw error
            }
        }
        size += off_t(bytes.count)
    }

    func sync() throws(Errno) {
        if fdatasync(descriptor.number) != 0 { throw Errno(rawValue: errno) }
    }
}
