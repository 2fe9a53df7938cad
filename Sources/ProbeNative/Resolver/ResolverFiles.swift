/// The resolver's two files as they are now: looked at once a second at most, read when they changed.
struct ResolverFiles {
    private struct Watched {
        let path: String
        var stamp: SmallFile.Stamp?
        var isRead = false

        /// The text when it has changed; nil when not. A file that cannot be read is empty.
        mutating func change() -> String? {
            let stamp = SmallFile.stamp(of: path)
            if isRead, stamp == self.stamp { return nil }
            isRead = true
            self.stamp = stamp
            return SmallFile.read(path) ?? ""
        }
    }

    private static let interval = Duration.seconds(1)

    private var settingsFile: Watched?
    private var hostsFile: Watched?
    private var lookedAt: Instant?
    private(set) var settings = ResolverSettings(servers: [])
    private(set) var hosts = HostsFile()

    init(_ configuration: ResolverConfiguration) {
        switch configuration.settings {
        case .file(let path): settingsFile = Watched(path: path)
        case .fixed(let fixed): settings = fixed
        }
        hostsFile = configuration.hostsFile.map { Watched(path: $0) }
    }

    /// True when the settings are new: what other servers said must not count any more.
    mutating func refresh(_ now: Instant) -> Bool {
        if let lookedAt, now - lookedAt < Self.interval { return false }
        lookedAt = now
        if let text = hostsFile?.change() { hosts = HostsFile(parsing: text) }
        guard let text = settingsFile?.change() else { return false }
        settings = ResolverSettings(parsing: text, hostName: SmallFile.hostName)
        return true
    }
}
