import Glibc

/// What systemd asks of a service of Type=notify (sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET names. Says
/// nothing where nobody asks.
struct ServiceManager {
    private let socket: String?
    /// Twice in what WATCHDOG_USEC allows; nil where nobody watches.
    private let interval: Duration?

    init(_ environment: [String: String]) {
        socket = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        // Meant for the process WATCHDOG_PID alone, if that is set (sd_watchdog_enabled(3)).
        let isMeant = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        let time = isMeant ? environment["WATCHDOG_USEC"].flatMap { Int64($0) } : nil
        interval = time.flatMap { $0 > 0 ? .microseconds($0) / 2 : nil }
    }

    func ready() { send("READY=1") }

    /// Feeds the watchdog until its task is cancelled, as long as tasks get their turn; whether the database answers is
    /// a matter of /readyz.
    func watch() async {
        guard socket != nil, let interval else { return }
        while !Task.isCancelled {
            send("WATCHDOG=1")
            try? await Task.sleep(for: interval)
        }
    }

    private func send(_ text: String) {
        guard let socket else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(socket.utf8)
        // A name of the abstract namespace starts with a zero byte (unix(7)).
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        _ = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                // A manager that does not read loses what is said to it.
                sendto(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
