#if canImport(Glibc)
    import Glibc
#endif

/// The files that the process may touch after start-up. Landlock follows what a path means at that moment: a file that
/// may be replaced (renamed over) later is given by its folder.
public struct HardeningPaths: Sendable, Hashable {
    /// Files, and folders with all that is in them.
    public var read: [String]
    /// The same, to be read, written, made and removed. A folder must exist at start-up.
    public var write: [String]
    /// Folders of which files may be removed, and no more.
    public var remove: [String]

    public init(read: [String] = [], write: [String] = [], remove: [String] = []) {
        self.read = read
        self.write = write
        self.remove = remove
    }

    /// What a node of this configuration opens after start-up, beside what every process reads
    /// (`LandlockRules.system`).
    public init(_ configuration: AgentConfiguration, listeners: [LocalListener] = []) {
        let access = configuration.access
        // They are read again for each connection, the configuration when SIGHUP comes.
        let renewed = [
            configuration.configFile, configuration.apiKeyFile, access.clientCertificateFile, access.clientKeyFile,
        ]
        self.init(
            read: [configuration.caFile].compactMap(\.self) + renewed.compactMap(\.self).flatMap(Self.folders),
            write: [configuration.stateDirectory, configuration.metricsTextfile.map(Self.folder)].compactMap(\.self),
            remove: listeners.compactMap(\.address.file).map(Self.folder))
    }

    /// These and those of a part that knows its own.
    public func with(_ more: HardeningPaths?) -> HardeningPaths {
        HardeningPaths(
            read: read + (more?.read ?? []), write: write + (more?.write ?? []), remove: remove + (more?.remove ?? []))
    }

    /// The folder of a file that may be replaced, and where the file is a link (as secret stores make them) also that of
    /// what it leads to.
    private static func folders(of file: String) -> [String] {
        var paths = [file]
        if let real = realpath(file, nil) {
            paths.append(String(cString: real))
            free(real)
        }
        return paths.map(folder)
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
