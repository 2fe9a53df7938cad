extension Setting {
    static let watch = [
        Setting(
            "watch", variable: "PROBEOPS_WATCH", "FILE", .readableFile, into: { $0.watchFile = $1 },
            help: "File of checks that the node runs besides its jobs (docs/watch.md).")
    ]
}
