extension Setting {
    static let hardening = [
        Setting(
            "user", variable: "PROBEOPS_USER", "USER", .user, into: { $0.user = $1 },
            help: "User that a node started by root becomes once its raw sockets are open."),
        Setting(
            "hardening", variable: "PROBEOPS_HARDENING", nil, default: "true", .flag, into: { $0.isHardened = $1 },
            help: "Give up at start-up what the node does not need; off only under debuggers and sanitizers."),
    ]
}

extension ValueFormat where Value == ProcessUser {
    static var user: Self {
        Self(allowed: "a user of this machine, UID or UID:GID, and not root", read: ProcessUser.init)
    }
}
