import CLinux
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// A socket that listens already. Made at start-up, before the process gives up the right to listen(2)
/// (`SystemCallFilter`) and to make files (`LandlockRules`); a `LocalServer` then serves it.
public final class LocalListener: Sendable {
    /// With the port that the kernel chose, if it was asked to.
    public let address: LocalAddress
    /// The socket's number, which stays the same until it is closed.
    let number: Int32
    private let file: FileIdentity?
    private let isTaken = Locked(false)

    /// The file of a Unix socket, to remove that one and no other that took its place.
    private struct FileIdentity: Hashable, Sendable {
        var device: UInt
        var inode: UInt

        init?(_ path: String) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            device = UInt(status.st_dev)
            inode = UInt(status.st_ino)
        }
    }

    /// A Unix socket has mode 0600. One whose process has ended is replaced.
    /// - Parameter user: whom the process becomes afterwards, and to whom the socket belongs then.
    /// - Throws: one sentence.
    public init(_ address: LocalAddress, for user: ProcessUser? = nil) throws(ConfigurationError) {
        switch address {
        case .unix(let path):
            let socket = try Self.unix(path, user)
            file = FileIdentity(path)
            self.address = address
            number = socket.release()
        case .tcp(let wanted):
            let socket = try Self.tcp(wanted)
            file = nil
            self.address = .tcp(Self.localAddress(of: socket.number) ?? wanted)
            number = socket.release()
        }
    }

    deinit { if !isTaken.withLock({ $0 }) { close(number) } }

    /// The socket for somebody who closes it; once.
    func take() -> Int32 {
        isTaken.withLock { $0 = true }
        return number
    }

    /// Removes the file of a Unix socket.
    func removeFile() {
        guard let path = address.file, let file, FileIdentity(path) == file else { return }
        unlink(path)
    }

    // MARK: -

    private static let backlog: Int32 = 128

    private static func failure(_ address: LocalAddress, _ error: Int32 = errno) -> ConfigurationError {
        ConfigurationError("The local server cannot listen on \(address): \(Errno(rawValue: error)).")
    }

    private static func open(_ domain: Int32, _ address: LocalAddress) throws(ConfigurationError) -> FileDescriptor {
        let number = socket(domain, PROBE_SOCK_STREAM | PROBE_SOCK_CLOEXEC, 0)
        guard number >= 0 else { throw failure(address) }
        return FileDescriptor(owning: number)
    }

    private static func unix(_ path: String, _ user: ProcessUser?) throws(ConfigurationError) -> FileDescriptor {
        let address = LocalAddress.unix(path: path)
        guard let name = UnixAddress(path: path) else {
            throw ConfigurationError(
                "The local server cannot listen on \(address): a socket's path has at most \(UnixAddress.longest) bytes."
            )
        }
        let socket = try open(AF_UNIX, address)
        // The file gets the socket's own mode (less the umask, which is the whole process's and stays as it is).
        guard fchmod(socket.number, 0o600) == 0 else { throw failure(address) }
        var result = name.withSockAddr { bind(socket.number, $0, $1) }
        if result != 0, errno == EADDRINUSE {
            try removeStale(path, name)
            result = name.withSockAddr { bind(socket.number, $0, $1) }
        }
        guard result == 0 else { throw failure(address) }
        if let user, chown(path, user.uid, user.gid) != 0 { throw failure(address) }
        guard listen(socket.number, backlog) == 0 else { throw failure(address) }
        return socket
    }

    /// Nobody listens on the socket of a process that has ended: connecting is refused.
    private static func removeStale(_ path: String, _ name: UnixAddress) throws(ConfigurationError) {
        let address = LocalAddress.unix(path: path)
        var status = stat()
        guard lstat(path, &status) == 0 else { throw failure(address) }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ConfigurationError("The local server cannot listen on \(address): there is a file that is no socket.")
        }
        let probe = try open(AF_UNIX, address)
        guard name.withSockAddr({ connect(probe.number, $0, $1) }) != 0 else {
            throw ConfigurationError("The local server cannot listen on \(address): another process serves it.")
        }
        guard errno == ECONNREFUSED else { throw failure(address) }
        guard unlink(path) == 0 else { throw failure(address) }
    }

    private static func tcp(_ wanted: SocketAddress) throws(ConfigurationError) -> FileDescriptor {
        let address = LocalAddress.tcp(wanted)
        let socket = try open(wanted.address.family == .v4 ? AF_INET : AF_INET6, address)
        var yes: Int32 = 1
        setsockopt(socket.number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        do throws(Errno) {
            try wanted.withSockAddr { (pointer, length) throws(Errno) in
                if bind(socket.number, pointer, length) != 0 { throw Errno(rawValue: errno) }
            }
        } catch { throw failure(address, error.rawValue) }
        guard listen(socket.number, backlog) == 0 else { throw failure(address) }
        return socket
    }

    private static func localAddress(of socket: Int32) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        return result == 0 ? SocketAddress(storage) : nil
    }
}
