/// The files that the process may touch after start-up. Landlock follows what a path means at that moment: a file that
/// may be replaced (renamed over) later is given by its folder.
public struct HardeningPaths: Sendable, Hashable {
    /// Files, and folders with all that is in them.
    public var read: [String]
    /// The same, to be read, written, made and removed. A folder must exist at start-up.
    public var write: [String]

    public init(read: [String] = [], write: [String] = []) {
        self.read = read
        self.write = write
    }

    /// What a node of this configuration opens after start-up, beside what every process reads
    /// (`LandlockRules.system`).
    public init(_ configuration: AgentConfiguration) {
        self.init(
            read: [configuration.caFile].compactMap(\.self),
            write: [configuration.stateDirectory].compactMap(\.self))
    }
}
