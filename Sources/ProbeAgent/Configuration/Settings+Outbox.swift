extension Setting {
    static let stateDirectory = Setting(
        "state-dir", variable: "PROBEOPS_STATE_DIR", "DIR", .path, into: { $0.stateDirectory = $1 },
        help: "Folder for what must survive a crash, above all results that the backend does not have yet; made if "
            + "missing. Without it they live in memory.")

    static let outbox = [
        stateDirectory,
        Setting(
            "outbox-max-bytes", variable: "PROBEOPS_OUTBOX_MAX_BYTES", "BYTES", default: "64MiB",
            .bytes((1 << 20)...(4 << 30)), isReloadable: true, into: { $0.outbox.bytes = $1 },
            help: "Unacknowledged results, in bytes, from which on new jobs are answered queue_full."),
        Setting(
            "outbox-max-age", variable: "PROBEOPS_OUTBOX_MAX_AGE", "TIME", default: "168h",
            .duration(.seconds(60)...(.seconds(240 * 3600))), isReloadable: true, into: { $0.outbox.age = $1 },
            help: "Unacknowledged results that are older are dropped."),
    ]
}
