#if canImport(Glibc)
    import Glibc
#endif

/// Which file a path leads to, by whatever name: what two things write into the same file is lost.
public enum FileIdentity: Sendable, Hashable {
    case existing(device: UInt64, inode: UInt64)
    /// Not there yet; the real path that it will have.
    case missing(String)

    /// Nil for what is no file, as a terminal or `/dev/null`, and for what cannot be found.
    public init?(_ path: String) {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFREG else { return nil }
            self = .existing(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
            return
        }
        guard errno == ENOENT, let folder = realpath(WatchFile.folder(of: path), nil) else { return nil }
        defer { free(folder) }
        let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
        self = .missing("\(String(cString: folder))/\(name)")
    }
}
