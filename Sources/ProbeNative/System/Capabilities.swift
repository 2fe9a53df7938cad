import CLinux

/// A capability of the calling thread (capabilities(7)). They are per thread: raise and drop them before other threads
/// exist.
public struct Capability: Sendable, Hashable {
    let bit: UInt64
    public let name: String

    /// Raw sockets.
    public static let netRaw = Capability(bit: 1 << UInt64(PROBE_CAP_NET_RAW), name: "CAP_NET_RAW")

    private struct Sets {
        var effective: UInt64 = 0
        var permitted: UInt64 = 0
    }

    private static func sets() throws(Errno) -> Sets {
        var sets = Sets()
        try Syscalls.capabilities(&sets.effective, &sets.permitted)
        return sets
    }

    /// Runs `body` with the capability in effect where the thread may have it: a program file marked `+p` starts with it
    /// permitted but not effective (marked `+ep` it could not even start where the bounding set lacks it). The effective
    /// set is as before afterwards.
    public func whileRaised<Value>(_ body: () -> Value) -> Value {
        guard let before = try? Self.sets(), before.permitted & bit != 0, before.effective & bit == 0,
            (try? Syscalls.setCapabilities(before.effective | bit, before.permitted)) != nil
        else { return body() }
        defer { try? Syscalls.setCapabilities(before.effective, before.permitted) }
        return body()
    }

    /// True when the thread can do what the capability allows, or could after raising it.
    public var isPermitted: Bool { ((try? Self.sets())?.permitted ?? 0) & bit != 0 }

    /// Gives the capability up for good, on the calling thread and the threads it starts later.
    public func drop() throws(Errno) {
        let sets = try Self.sets()
        try Syscalls.setCapabilities(sets.effective & ~bit, sets.permitted & ~bit)
    }
}
