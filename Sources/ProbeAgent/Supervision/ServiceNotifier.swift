import CLinux
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// Tells the service manager how the process is (sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET names. By
/// hand, because the protocol is these few lines and libsystemd would come with a tree of its own.
public final class ServiceNotifier: Sendable {
    /// How long the service manager waits for `alive` before it kills and restarts; nil where it does not watch.
    public let watchdog: Duration?
    private let socket: Int32

    /// Connects, so that nothing is opened later: before the process is hardened.
    /// - Returns: nil where there is no service manager that asks.
    /// - Throws: one sentence when its socket cannot be used.
    public static func find(in environment: [String: String]) throws(ConfigurationError) -> ServiceNotifier? {
        guard let name = environment["NOTIFY_SOCKET"], !name.isEmpty else { return nil }
        return try ServiceNotifier(name, watchdog: watchdog(environment))
    }

    /// - Parameter name: a path, or `@` and a name of the abstract namespace.
    init(_ name: String, watchdog: Duration?) throws(ConfigurationError) {
        let isAbstract = name.hasPrefix("@")
        guard let address = isAbstract ? UnixAddress(abstractName: String(name.dropFirst())) : UnixAddress(path: name)
        else { throw ConfigurationError("NOTIFY_SOCKET names no Unix socket: \(name.quotedForMessage).") }
        let flags = PROBE_SOCK_DGRAM | PROBE_SOCK_CLOEXEC | PROBE_SOCK_NONBLOCK
        let socket = FileDescriptor(owning: Glibc.socket(AF_UNIX, flags, 0))
        guard socket.number >= 0, address.withSockAddr({ connect(socket.number, $0, $1) }) == 0 else {
            throw ConfigurationError(
                "The service manager's socket \(name.quotedForMessage) cannot be reached: \(Errno(rawValue: errno)).")
        }
        self.socket = socket.release()
        self.watchdog = watchdog
    }

    deinit { close(socket) }

    /// WATCHDOG_USEC is meant for the process WATCHDOG_PID alone, if that is set (sd_watchdog_enabled(3)).
    private static func watchdog(_ environment: [String: String]) -> Duration? {
        if let pid = environment["WATCHDOG_PID"], pid != "\(getpid())" { return nil }
        guard let microseconds = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), microseconds > 0 else {
            return nil
        }
        return .microseconds(microseconds)
    }

    /// It does not serve yet, and will not for `duration`: the manager's patience begins anew (sd_notify(3)).
    public func starting(_ sentence: String, for duration: Duration) {
        send("STATUS=\(sentence)\nEXTEND_TIMEOUT_USEC=\(duration.components.seconds * 1_000_000)")
    }
    /// It serves.
    public func ready() { send("READY=1") }
    public func stopping() { send("STOPPING=1") }
    public func status(_ sentence: String) { send("STATUS=\(sentence)") }
    /// It reads its configuration again; `ready` must follow. systemd 253 wants to know when it began.
    public func reloading(at now: Instant) { send("RELOADING=1\nMONOTONIC_USEC=\(now.nanoseconds / 1000)") }
    func alive() { send("WATCHDOG=1") }

    /// A manager that does not read loses what is said to it: no job waits for it.
    private func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
}
