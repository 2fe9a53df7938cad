import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// The node that runs on this machine with the same settings.
struct RunningNode {
    /// As its status has it; nil where it does not say.
    let state: String?

    var isConnected: Bool { state == "connected" }

    /// Nil where none runs.
    init?(controlPath: String?, stateDirectory: String?) {
        if let controlPath, let reply = try? LocalClient(path: controlPath).ask("GET", "/status"), reply.status == 200 {
            state = (try? JSONDocument.read(reply.body))?["state"]?.text
            return
        }
        guard let stateDirectory, Self.isLocked(stateDirectory) else { return nil }
        state = nil
    }

    /// Whether a process holds the folder's lock (`StateDirectory`).
    private static func isLocked(_ directory: String) -> Bool {
        let number = open("\(directory)/lock", O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return false }
        let file = FileDescriptor(owning: number)
        return flock(file.number, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }
}
