#if canImport(Glibc)
    import Glibc
#endif

/// The address of a local socket (unix(7)): a path, or a name of Linux's abstract namespace.
package struct UnixAddress: Sendable {
    /// Bytes of sun_path, without the NUL behind a path.
    package static let longest = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    private var storage = sockaddr_un()
    private var length: socklen_t

    /// Nil for one that is empty or too long.
    package init?(path: String) { self.init(Array(path.utf8), terminated: true) }

    /// Nil for one that is empty or too long.
    package init?(abstractName name: String) { self.init([0] + name.utf8, terminated: false) }

    private init?(_ bytes: [UInt8], terminated: Bool) {
        guard (1...Self.longest).contains(bytes.count), terminated != bytes.contains(0) else { return nil }
        storage.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &storage.sun_path) { $0.copyBytes(from: bytes) }
        // The kernel takes the length of an abstract name from here; a path ends with its NUL.
        length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (terminated ? 1 : 0))
    }

    package func withSockAddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
