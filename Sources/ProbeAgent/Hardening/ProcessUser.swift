import CLinux
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// Whom a process started by root becomes once its raw sockets are open.
public struct ProcessUser: Sendable, Hashable {
    public var uid: UInt32
    public var gid: UInt32

    public init(uid: UInt32, gid: UInt32) {
        self.uid = uid
        self.gid = gid
    }

    /// `NAME`, `UID` or `UID:GID`. The group is the user's own (passwd(5)), or has the user's number where there is no
    /// such user. Nil for a name that nobody has, and for root, whom nothing would be gained by becoming.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let first = parts.first else { return nil }
        if let uid = UInt32(first) {
            self.init(uid: uid, gid: getpwuid(uid)?.pointee.pw_gid ?? uid)
        } else if let entry = getpwnam(first) {
            self.init(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
        } else {
            return nil
        }
        if parts.count == 2 {
            guard let gid = UInt32(parts[1]) else { return nil }
            self.gid = gid
        }
        // The number -1 means "as it is" to the kernel.
        if uid == 0 || uid == .max || gid == .max { return nil }
    }

    /// For the whole process, which must have one thread.
    /// - Throws: one sentence, when the process may not: to go on as root would be worse.
    func become() throws(ConfigurationError) {
        if getuid() == uid, geteuid() == uid, getgid() == gid, getegid() == gid { return }
        // CAP_SETPCAP goes with uid 0: `Hardening` could not do it any more.
        _ = probe_drop_bounding_set()
        if probe_become(uid, gid) != 0 {
            throw ConfigurationError(
                "Becoming user \(uid), group \(gid) failed: \(Errno(rawValue: errno)). --user needs a start as root.")
        }
    }
}
