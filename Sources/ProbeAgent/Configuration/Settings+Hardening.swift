extension Setting {
    static let hardening = [
        Setting(
            "hardening", variable: "PROBEOPS_HARDENING", nil, default: "true", .flag, into: { $0.isHardened = $1 },
            help: "Give up at start-up what the node does not need; off only under debuggers and sanitizers.")
    ]
}
