import CLinux
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// Gives up whatever the process does not need any more, for good. Each measure stands alone: what the kernel lacks is
/// reported, and the others are taken all the same.
public enum Hardening {
    /// False where the environment switches it off; for commands without settings.
    public static func isWanted(in environment: [String: String]) -> Bool {
        environment["PROBEOPS_HARDENING"].flatMap(ValueFormat<Bool>.flag.read) ?? true
    }

    /// The last step of start-up: before there is a second thread, because capabilities and Landlock are per thread and
    /// inherited. Afterwards nothing needs a privilege, starts a program, or opens a file outside of `paths`.
    /// - Parameter listeners: the sockets that the process serves.
    public static func apply(_ paths: HardeningPaths, listeners: [LocalListener] = []) -> HardeningReport {
        var report = HardeningReport()
        func take(_ name: String, _ measure: () throws(Errno) -> String) {
            do throws(Errno) {
                report.measures.append(.init(name: name, state: .applied(try measure())))
            } catch {
                report.measures.append(.init(name: name, state: .unavailable(error.description)))
            }
        }
        take("capabilities", dropCapabilities)
        take("no_new_privs") { () throws(Errno) in try check(probe_no_new_privileges(), "on") }
        take("dumpable") { () throws(Errno) in try check(probe_not_dumpable(), "off") }
        take("backtraces") { () throws(Errno) in try check(probe_default_crash_signals(), "off") }
        take("landlock") { () throws(Errno) in try restrictFiles(paths) }
        // Last, because it forbids what the others did.
        take("seccomp") { () throws(Errno) in
            let filter = SystemCallFilter.node(listeners: listeners.map(\.number))
            try filter.install()
            return "on, \(filter.program.count) instructions"
        }
        return report
    }

    /// Every set. The bounding set can only be emptied with CAP_SETPCAP; where it stays, nothing comes of it: programs are
    /// not started any more, and no_new_privs would take file capabilities their effect.
    private static func dropCapabilities() throws(Errno) -> String {
        let isUnbounded = probe_drop_bounding_set() == 0
        return try check(
            probe_drop_all_capabilities(), isUnbounded ? "none, bounding set empty" : "none, bounding set kept")
    }

    private static func restrictFiles(_ paths: HardeningPaths) throws(Errno) -> String {
        let abi = probe_landlock_abi()
        if abi < 0 { throw Errno(rawValue: errno) }
        let rules = LandlockRules(abi: Int(abi), paths: paths) { name in getenv(name).map { String(cString: $0) } }
        let missing = try rules.restrict()
        return "on, ABI \(abi)" + (missing.isEmpty ? "" : ", without \(missing.joined(separator: " "))")
    }

    private static func check(_ result: Int32, _ detail: String) throws(Errno) -> String {
        if result != 0 { throw Errno(rawValue: errno) }
        return detail
    }
}
