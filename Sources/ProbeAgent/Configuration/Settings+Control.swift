extension Setting {
    static let control = [controlSocket]

    static let controlSocket = Setting(
        "control-socket", variable: "PROBEOPS_CONTROL_SOCKET", "PATH", default: "control.sock in --state-dir",
        .controlSocket, into: { $0.controlSocket = $1 },
        help: "Unix socket that `probe-agent status` and `drain` ask, for the node's user alone; none for no socket. "
            + "Without --state-dir it is in $RUNTIME_DIRECTORY or /run/probeops, where there is one.")

    /// What leads `probe-agent status` to the node.
    public static let controlPath = [config, stateDirectory, controlSocket]
}

extension ValueFormat where Value == ControlSocket {
    static var controlSocket: Self {
        Self(allowed: "a path of 1 to \(UnixAddress.longest) bytes, or none", read: ControlSocket.init)
    }
}
