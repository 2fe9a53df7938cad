import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// The folder that outlives the process, for this process alone as long as it runs.
public final class StateDirectory: Sendable {
    public let path: String
    /// Held for its lock (flock(2)), which ends with the process however that ends.
    private let lock: Locked<FileDescriptor?>

    /// Makes the folder if it is missing (not those above it), takes all rights of others to it away, and locks it. Call
    /// it before privileges are given up.
    /// - Parameter user: whom the process becomes afterwards, to whom a new folder is given; nil when it stays who it is.
    /// - Throws: one sentence.
    public init(_ path: String, for user: ProcessUser? = nil) throws(ConfigurationError) {
        func failure(_ what: String) -> ConfigurationError {
            ConfigurationError("The state directory \(path) cannot be \(what): \(Errno(rawValue: errno)).")
        }
        let isNew = mkdir(path, 0o700) == 0
        if !isNew, errno != EEXIST { throw failure("made") }
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure("opened") }
        let owned = FileDescriptor(owning: folder)
        if let user, isNew, fchown(owned.number, user.uid, user.gid) != 0 { throw failure("given to its user") }
        var status = stat()
        guard fstat(owned.number, &status) == 0 else { throw failure("opened") }
        guard status.st_uid == user?.uid ?? geteuid() else {
            // Root gives up the right to pass over this.
            throw ConfigurationError("The state directory \(path) must belong to the user that runs the node.")
        }
        if status.st_mode & 0o077 != 0, fchmod(owned.number, 0o700) != 0 { throw failure("closed to other users") }
        let file = openat(owned.number, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("written to") }
        let lock = FileDescriptor(owning: file)
        guard flock(lock.number, LOCK_EX | LOCK_NB) == 0 else {
            if errno != EWOULDBLOCK { throw failure("locked") }
            throw ConfigurationError(
                "The state directory \(path) is in use by another process: each node needs one of its own.")
        }
        if let user, fchown(lock.number, user.uid, user.gid) != 0 { throw failure("given to its user") }
        self.path = path
        self.lock = Locked(lock)
    }

    /// Others may take it from now on.
    func release() { lock.withLock { $0 = nil } }

    /// Puts a file of mode 0600 in the place of any other of that name: whole or not at all, whenever the machine stops.
    /// It belongs to whom the folder belongs to.
    /// - Throws: one sentence.
    func replace(_ name: String, with bytes: [UInt8]) throws(ConfigurationError) {
        func failure() -> ConfigurationError {
            ConfigurationError("\(path)/\(name) cannot be written: \(Errno(rawValue: errno)).")
        }
        let temporary = "\(path)/\(name).new"
        unlink(temporary)
        let number = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard number >= 0 else { throw failure() }
        let file = FileDescriptor(owning: number)
        var folder = stat()
        guard stat(path, &folder) == 0 else { throw failure() }
        // Only where root makes it for another user: a hardened process may not.
        if folder.st_uid != geteuid(), fchown(file.number, folder.st_uid, folder.st_gid) != 0 { throw failure() }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file.number, $0.baseAddress, $0.count) }
            guard count > 0 else { throw failure() }
            rest = rest.dropFirst(count)
        }
        guard fsync(file.number) == 0, rename(temporary, "\(path)/\(name)") == 0 else { throw failure() }
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure() }
        let owned = FileDescriptor(owning: directory)
        guard fsync(owned.number) == 0 else { throw failure() }
    }
}
