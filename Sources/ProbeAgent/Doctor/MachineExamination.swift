import CLinux
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// What this machine has: addresses and routes, what the kernel can take away from a process, room on the disk.
struct MachineExamination {
    let configuration: AgentConfiguration

    func run(_ record: inout DoctorRecord) {
        let addresses = OwnAddresses.interfaces() ?? []
        let v4 = network(.v4, addresses, hasRoute: Self.hasDefaultRoute4)
        let v6 = network(.v6, addresses, hasRoute: Self.hasDefaultRoute6)
        record.add(v4)
        record.add(v6)
        if v4.state != .good, v6.state != .good {
            record.add(
                Finding(
                    "network", .failed, "neither IPv4 nor IPv6 leads anywhere",
                    advice:
                        "only this machine and its neighbours can be measured: give it an address and a default route"))
        }
        record.add(seccomp)
        record.add(landlock)
        guard let directory = configuration.stateDirectory else {
            record.add(
                Finding(
                    "state directory", .warning,
                    "none: results that the backend has not acknowledged die with the node",
                    advice: "--state-dir DIR"))
            return
        }
        let state = stateDirectory(directory)
        record.add(state)
        if state.state == .good { record.add(diskRoom(directory)) }
    }

    // MARK: Networks

    private func network(_ family: IPAddress.Family, _ addresses: Set<IPAddress>, hasRoute: Bool) -> Finding {
        let name = family == .v4 ? "IPv4" : "IPv6"
        let linkLocal = AddressBlock(family == .v4 ? "169.254.0.0/16" : "fe80::/10")
        let own = addresses.filter { $0.family == family && !$0.isLoopback && linkLocal?.contains($0) != true }
            .map(\.description).sorted()
        if own.isEmpty {
            return Finding(
                name, .warning, "no address but loopback and link-local ones",
                advice: "targets that have only \(name) addresses cannot be measured from here")
        }
        let shown = own.prefix(3).joined(separator: ", ") + (own.count > 3 ? " and \(own.count - 3) more" : "")
        if hasRoute { return Finding(name, .good, shown + ", with a default route") }
        return Finding(
            name, .warning, shown + ", without a default route",
            advice: "only what other routes lead to can be measured by \(name)")
    }

    /// /proc/net/route: Iface Destination Gateway Flags ... Mask, in hexadecimal.
    private static var hasDefaultRoute4: Bool {
        lines("/proc/net/route").dropFirst().contains { $0.count > 7 && $0[1] == "00000000" && $0[7] == "00000000" }
    }

    /// /proc/net/ipv6_route: destination, its length, ..., flags, device. RTF_REJECT is 0x200.
    private static var hasDefaultRoute6: Bool {
        lines("/proc/net/ipv6_route").contains { words in
            guard words.count > 9, words[1] == "00", words[0].allSatisfy({ $0 == "0" }), words[9] != "lo" else {
                return false
            }
            return (UInt32(words[8], radix: 16) ?? 0) & 0x200 == 0
        }
    }

    private static func lines(_ path: String) -> [[Substring]] {
        let text = (try? BoundedFile(path: path, limit: 4 << 20))?.text ?? ""
        return text.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace) }
    }

    // MARK: The kernel

    private var seccomp: Finding {
        let actions = try? BoundedFile(path: "/proc/sys/kernel/seccomp/actions_avail", limit: 4096).text
        guard let actions, actions.contains("kill_process") else {
            return Finding(
                "seccomp", .warning, "this kernel has none: the node runs without its filter of system calls")
        }
        return Finding("seccomp", .good, "available")
    }

    private var landlock: Finding {
        let abi = probe_landlock_abi()
        if abi >= 0 { return Finding("Landlock", .good, "ABI \(abi)") }
        let isOff = errno == EOPNOTSUPP
        return Finding(
            "Landlock", .warning, isOff ? "built into this kernel, but switched off" : "this kernel has none",
            advice: isOff ? "add landlock to the kernel's parameter lsm=" : "the node keeps access to its user's files")
    }

    // MARK: The state directory

    private func stateDirectory(_ path: String) -> Finding {
        let name = "state directory"
        var info = stat()
        guard stat(path, &info) == 0 else {
            let error = errno
            if error == ENOENT, access(Self.parent(of: path), W_OK | X_OK) == 0 {
                return Finding(name, .good, "\(path) will be made")
            }
            return Finding(
                name, .failed, "\(path): \(Errno(rawValue: error))",
                advice: "mkdir \(path), and give it to the user that runs the node")
        }
        guard info.st_mode & S_IFMT == S_IFDIR else { return Finding(name, .failed, "\(path) is no folder") }
        let owner = configuration.user?.uid ?? geteuid()
        guard info.st_uid == owner else {
            return Finding(
                name, .failed, "\(path) belongs to uid \(info.st_uid), the node runs as uid \(owner)",
                advice: "chown -R \(owner) \(path), or run the doctor as the node's user")
        }
        guard access(path, W_OK | X_OK) == 0 else {
            return Finding(
                name, .failed, "\(path) cannot be written to: \(Errno(rawValue: errno))",
                advice: "chmod u+rwx \(path), or mount it writable")
        }
        return Finding(name, .good, "\(path) can be written to")
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The journal takes twice the unacknowledged bytes and 24 MiB (docs/configuration.md).
    private func diskRoom(_ path: String) -> Finding {
        var info = statvfs()
        let place = access(path, F_OK) == 0 ? path : Self.parent(of: path)
        guard statvfs(place, &info) == 0 else {
            return Finding("disk room", .warning, "\(place) does not tell: \(Errno(rawValue: errno))")
        }
        let free = (Int(clamping: info.f_bavail) * Int(clamping: info.f_frsize)) >> 20
        let wanted = ((configuration.outbox.bytes * 2) >> 20) + 24
        let state: Finding.State = free < 16 ? .failed : free < wanted ? .warning : .good
        return Finding(
            "disk room", state, "\(free) MiB free; kept results may take \(wanted) MiB",
            advice: state == .good ? nil : "make room on the file system of \(place), or set --outbox-max-bytes")
    }
}
