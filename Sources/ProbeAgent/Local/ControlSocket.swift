#if canImport(Glibc)
    import Glibc
#endif

/// Where a node can be asked and drained (`--control-socket`).
public enum ControlSocket: Sendable, Hashable {
    /// Where the state directory or the service manager gives room for it.
    case automatic
    case path(String)
    case none

    /// `none` or a path.
    init?(_ text: String) {
        if text == "none" {
            self = .none
        } else {
            guard UnixAddress(path: text) != nil else { return nil }
            self = .path(text)
        }
    }

    static let fileName = "control.sock"
    /// What systemd's RuntimeDirectory=probeops makes.
    static let runtimeFolder = "/run/probeops"

    /// The socket's path by the rules of docs/configuration.md, and whether a node must do without when it cannot listen
    /// there: nobody asked for that place.
    /// - Parameters:
    ///   - runtimeFolder: used if it is there.
    ///   - use: how it must be open to this process, as access(2) has it.
    func place(
        stateDirectory: String?, environment: [String: String], runtimeFolder: String = Self.runtimeFolder,
        for use: Int32
    ) -> (path: String, isOptional: Bool)? {
        switch self {
        case .none: return nil
        case .path(let path): return (path, false)
        case .automatic: break
        }
        if let stateDirectory { return (stateDirectory + "/" + Self.fileName, false) }
        // systemd.exec(5): several are separated by colons.
        if let folder = environment["RUNTIME_DIRECTORY"]?.split(separator: ":").first {
            return (folder + "/" + Self.fileName, false)
        }
        return access(runtimeFolder, use) == 0 ? (runtimeFolder + "/" + Self.fileName, true) : nil
    }
}

extension AgentConfiguration {
    /// Listens on the control socket; nil where there is to be none.
    /// - Throws: one sentence when the socket that was asked for cannot be had.
    public func listenForControl(
        environment: [String: String], warnings: inout [String]
    ) throws(ConfigurationError) -> LocalListener? {
        let place = controlSocket.place(stateDirectory: stateDirectory, environment: environment, for: W_OK | X_OK)
        guard let place else { return nil }
        do throws(ConfigurationError) { return try LocalListener(.unix(path: place.path), for: user) } catch {
            guard place.isOptional else { throw error }
            warnings.append("\(error) This node cannot be asked for its status; --control-socket names another place.")
            return nil
        }
    }
}
