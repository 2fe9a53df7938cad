import CLinux
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// What a process does before its first thread, task or event loop exists. The order matters: capabilities, signal masks
/// and limits are per thread and inherited, so they must be as they should be before there is a second thread.
public enum Startup {
    /// What the process has for good.
    public struct Prepared: Sendable {
        /// The built-in tools with the sockets that they need.
        public var registry: ToolRegistry
        /// Those of liboping, which the registry's ping uses; whoever has them ends its threads.
        public var ping: PingLane
        /// For as many reactors as the engine is to have.
        public var rawSockets: RawSockets
        /// What this process will not be able to do, and what to do about it: sentences for the log.
        public var warnings: [String]
        /// What the process gave up; nil where it was to give up nothing.
        public var hardening: HardeningReport?
    }

    /// Call after the configuration is parsed and its secrets are blanked. Nothing later may need a privilege.
    /// - Parameters:
    ///   - pingWorkers: how many pings of liboping can wait for replies at once; nil for a whole node.
    ///   - reactors: how many the engine will have; nil for a whole node.
    ///   - user: whom the process becomes then.
    ///   - hardening: what the process still needs when all is prepared; nil leaves it as it was started.
    ///   - listeners: the sockets that it serves.
    /// - Throws: one sentence, when the process may not become `user`.
    public static func prepare(
        pingWorkers: Int? = nil, reactors: Int? = nil, user: ProcessUser? = nil, hardening: HardeningPaths? = nil,
        listeners: [LocalListener] = []
    ) throws(ConfigurationError) -> Prepared {
        // Before everything else that opens descriptors: liboping's must be below FD_SETSIZE.
        var prepared = openSockets(pingWorkers: pingWorkers, reactors: reactors)
        ProcessSignals.block()
        try user?.become()
        // The last step: whoever opens something with a privilege, or a file that is not in the list, comes before it.
        prepared.hardening = hardening.map { Hardening.apply($0, listeners: listeners) }
        return prepared
    }

    /// The sockets that tools need, for a program that changes nothing else of its process but its limit of descriptors.
    /// - Parameters: as of `prepare`.
    public static func openSockets(pingWorkers: Int? = nil, reactors: Int? = nil) -> Prepared {
        raiseDescriptorLimit()
        let sockets = ToolSockets.open(pingWorkers: pingWorkers, reactors: reactors)
        return Prepared(
            registry: .builtIn(ping: sockets.ping), ping: sockets.ping, rawSockets: sockets.raw,
            warnings: sockets.failures.map(\.detail))
    }

    /// To the hard limit: sockets of diagnostics and the connection share it. A refusal leaves the limit as it is, which
    /// the engine then reads.
    private static func raiseDescriptorLimit() {
        var limit: UInt64 = 0
        _ = probe_raise_descriptor_limit(&limit)
    }

    /// Overwrites the values of `flags` (`--key VALUE` and `--key=VALUE`) in the memory that `ps` and /proc/PID/cmdline
    /// show. What `CommandLine.arguments` returned before is a copy and stays.
    public static func blankArguments(of flags: [String]) {
        for flag in flags { blankArgument(of: flag) }
    }

    /// Overwrites the values of `variables` in the memory that /proc/PID/environ shows; getenv(3) finds them empty from
    /// then on. Only while there is one thread, and before anybody calls setenv(3), which would move them.
    public static func blankVariables(_ variables: [String]) {
        for variable in variables {
            // Into the block itself, not a copy (getenv(3)).
            if let value = getenv(variable) { memset(value, 0, strlen(value)) }
        }
    }

    private static func blankArgument(of flag: String) {
        let arguments = CommandLine.unsafeArgv
        var isValue = false
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let argument = arguments[index] else { return }
            if isValue {
                memset(argument, 0, strlen(argument))
                isValue = false
            } else if strcmp(argument, flag) == 0 {
                isValue = true
            } else if strncmp(argument, flag + "=", flag.utf8.count + 1) == 0 {
                let value = argument + flag.utf8.count + 1
                memset(value, 0, strlen(value))
            }
        }
    }

    /// The machine's name (gethostname(2)).
    public static var hostname: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
