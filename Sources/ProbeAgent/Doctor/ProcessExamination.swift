import CLinux
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// What this process may do: its user, its capabilities, its limits, the sockets that it got.
struct ProcessExamination {
    let configuration: AgentConfiguration
    let prepared: Startup.Prepared

    func run(_ record: inout DoctorRecord) {
        record.add(Finding("version", .good, "probe-agent \(Version.current)"))
        record.add(Finding("user", .good, user))
        record.add(capabilities)
        let ping = pingSocket
        for family in IPAddress.Family.allCases { record.add(rawSockets(family, hasPing: ping.state == .good)) }
        record.add(ping)
        record.add(openFiles)
    }

    private var user: String {
        let name = getpwuid(geteuid()).flatMap { $0.pointee.pw_name }.map { String(cString: $0) }
        return "\(name ?? "no name"), uid \(geteuid()), gid \(getegid())"
            + (configuration.user.map { "; the node becomes uid \($0.uid)" } ?? "")
    }

    // MARK: Capabilities

    private var capabilities: Finding {
        let status = (try? BoundedFile(path: "/proc/self/status", limit: 64 << 10))?.text ?? ""
        func has(_ name: String) -> Bool {
            guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name + ":") }),
                let word = line.split(whereSeparator: { $0 == ":" || $0.isWhitespace }).last,
                let bits = UInt64(word, radix: 16)
            else { return false }
            return bits & (1 << UInt64(PROBE_CAP_NET_RAW)) != 0
        }
        let sets = [("effective", "CapEff"), ("permitted", "CapPrm"), ("bounding", "CapBnd")]
        let words = sets.map { "\($0.0) \(has($0.1) ? "yes" : "no")" }.joined(separator: ", ")
        if has("CapPrm") { return Finding(Capability.netRaw.name, .good, words) }
        let advice =
            has("CapBnd")
            ? "setcap cap_net_raw+p \(Self.program), or start the node as root with --user NAME"
            : "what started this process withholds it: docker run --cap-add NET_RAW, or systemd's CapabilityBoundingSet="
        return Finding(Capability.netRaw.name, .warning, words, advice: advice)
    }

    private static var program: String {
        guard let path = realpath("/proc/self/exe", nil) else { return "probe-agent" }
        defer { free(path) }
        return String(cString: path)
    }

    /// Without them ping can do with datagram sockets; the traces, and TCP ping, cannot.
    private func rawSockets(_ family: IPAddress.Family, hasPing: Bool) -> Finding {
        let name = "raw sockets, \(family == .v4 ? "IPv4" : "IPv6")"
        guard let failure = prepared.rawSockets.failure(family) else { return Finding(name, .good, "opened") }
        return Finding(
            name, hasPing ? .warning : .failed, failure.detail,
            advice: "traceroute, mtr and path_mtu need \(Capability.netRaw.name)"
                + (hasPing ? "; ping works without it" : ", and ping does too where ping_group_range is closed"))
    }

    private var pingSocket: Finding {
        let name = "datagram ping"
        let text = (try? BoundedFile(path: "/proc/sys/net/ipv4/ping_group_range", limit: 256))?.text ?? ""
        let range = text.split(whereSeparator: \.isWhitespace).joined(separator: " to ")
        let number = socket(AF_INET, PROBE_SOCK_DGRAM | PROBE_SOCK_CLOEXEC, Int32(IPPROTO_ICMP))
        if number >= 0 {
            close(number)
            return Finding(name, .good, "net.ipv4.ping_group_range is \(range)")
        }
        let why = "net.ipv4.ping_group_range is \(range), gid \(getegid()) is not in it"
        let hasRaw = prepared.rawSockets.failure(.v4) == nil
        return Finding(
            name, hasRaw ? .skipped : .failed, hasRaw ? why + "; raw sockets do instead" : why,
            advice: hasRaw ? nil : "sysctl -w net.ipv4.ping_group_range=\"0 2147483647\", or \(Capability.netRaw.name)")
    }

    // MARK: Limits

    /// What the engine keeps for everything that is no diagnostic, and what a diagnostic holds at most times.
    private static let reserve: UInt64 = 200
    private static let perDiagnostic: UInt64 = 4

    private var openFiles: Finding {
        let name = "open files"
        var limit: UInt64 = 0
        guard probe_raise_descriptor_limit(&limit) == 0 else {
            return Finding(name, .warning, "the limit cannot be read: \(Errno(rawValue: errno))")
        }
        let jobs = UInt64(configuration.maxConcurrent)
        let (needed, wanted) = (Self.reserve + jobs, Self.reserve + jobs * Self.perDiagnostic)
        let shown = limit > 1 << 40 ? "no limit" : "at most \(limit)"
        let state: Finding.State = limit < needed ? .failed : limit < wanted ? .warning : .good
        return Finding(
            name, state, "\(shown); \(jobs) diagnostics at once want \(wanted)",
            advice: state == .good
                ? nil
                : "LimitNOFILE=\(wanted) (systemd), --ulimit nofile=\(wanted) (Docker), or a smaller --max-concurrent")
    }
}
