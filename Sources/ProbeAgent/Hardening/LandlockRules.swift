import CLinux
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// What of the file system the process may still open (landlock(7)): a few folders to read, its own to write, and nothing
/// to execute. Descriptors that are open stay as they are. Computed for the kernel's ABI, which says what it can deny.
struct LandlockRules {
    /// LANDLOCK_ACCESS_FS_*, by the ABI that brought each.
    struct Access: OptionSet {
        let rawValue: UInt64
        static let execute = Access(rawValue: 1 << 0)
        static let writeFile = Access(rawValue: 1 << 1)
        static let readFile = Access(rawValue: 1 << 2)
        static let readFolder = Access(rawValue: 1 << 3)
        static let removeFile = Access(rawValue: 1 << 5)
        /// Remove and make whatever may be in a folder: bits 4 to 12.
        static let change = Access(rawValue: 0x1ff0)
        /// Rename and link from folder to folder (ABI 2; before, always denied).
        static let refer = Access(rawValue: 1 << 13)
        /// ABI 3.
        static let truncate = Access(rawValue: 1 << 14)
        /// ioctl(2) on devices that are opened later (ABI 5).
        static let deviceControl = Access(rawValue: 1 << 15)

        static let reading: Access = [.readFile, .readFolder]
        /// What a rule about something else than a folder may name.
        static let ofFiles: Access = [.execute, .writeFile, .readFile, .truncate, .deviceControl]

        static func known(toABI abi: Int) -> Access {
            var known: Access = [.execute, .writeFile, .reading, .change]
            if abi >= 2 { known.insert(.refer) }
            if abi >= 3 { known.insert(.truncate) }
            if abi >= 5 { known.insert(.deviceControl) }
            return known
        }
    }

    struct Rule: Equatable {
        var path: String
        var access: Access
        /// The process was told to need it: that it does not exist is worth a word.
        var isAskedFor = true
    }

    let abi: Int
    let handled: Access
    /// Signals to processes outside, and their abstract sockets (ABI 6).
    let scoped: UInt64
    let rules: [Rule]

    init(abi: Int, paths: HardeningPaths, environment: (String) -> String?) {
        self.abi = abi
        handled = Access.known(toABI: abi)
        scoped = abi >= 6 ? 0b11 : 0
        let own = Access([.reading, .writeFile, .change, .refer, .truncate]).intersection(handled)
        let system = Self.system + Self.certificates.compactMap(environment)
        rules =
            system.map { Rule(path: $0, access: .reading, isAskedFor: false) }
            + [Rule(path: "/dev/null", access: [.readFile, .writeFile], isAskedFor: false)]
            + paths.read.map { Rule(path: $0, access: .reading) }
            + paths.write.map { Rule(path: $0, access: own) }
            + paths.remove.map { Rule(path: $0, access: .removeFile) }
    }

    /// What the C library, OpenSSL, BoringSSL, Swift's runtime and the node itself read in any process: configuration,
    /// name-service modules (which the C library loads at the first look-up), certificates, time zones, load.
    /// /proc whole, because libdispatch reads /proc/THREAD/stat of its threads; what is another process's and not for
    /// everyone stays closed, because Landlock forbids ptrace(2) rights over processes outside.
    private static let system = [
        "/etc", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share", "/usr/local/share/ca-certificates",
        "/proc", "/sys/fs/cgroup", "/sys/devices/system/cpu", "/dev/urandom", "/dev/random",
        // Where /etc/resolv.conf often points to; it is replaced there while the node runs.
        "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager",
    ]

    /// Variables of OpenSSL that name files and folders of certificates.
    private static let certificates = ["SSL_CERT_FILE", "SSL_CERT_DIR"]

    /// - Returns: paths that were asked for but could not be opened.
    func restrict() throws(Errno) -> [String] {
        var ruleset = probe_landlock_ruleset(handled_fs: handled.rawValue, handled_net: 0, scoped: scoped)
        let number = probe_landlock_create(&ruleset)
        if number < 0 { throw Errno(rawValue: errno) }
        defer { close(number) }
        var missing: [String] = []
        for rule in rules {
            let added = probe_landlock_allow(number, rule.path, rule.access.rawValue, Access.ofFiles.rawValue)
            if added != 0, rule.isAskedFor { missing.append(rule.path) }
        }
        if probe_landlock_restrict(number) != 0 { throw Errno(rawValue: errno) }
        return missing
    }
}
