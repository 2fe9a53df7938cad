import FoundationEssentials
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// The body of a registration (docs/wire-protocol.md, "Registration").
struct RegistrationFrame: Report {
    var token: Secret
    var name: String
    var hostname: String
    var region: String?
    var zone: String?
    /// Each with whether the node may use it.
    var tools: [(name: String, isOn: Bool)]
    var maxConcurrent: Int

    init(_ configuration: AgentConfiguration, tools: [String]) {
        let enrollment = configuration.enrollment
        token = enrollment.registrationToken ?? Secret("")
        hostname = configuration.hostname
        name = enrollment.name ?? configuration.hostname
        region = enrollment.region
        zone = enrollment.zone
        self.tools = tools.map { ($0, configuration.tools?.contains($0) ?? true) }
        maxConcurrent = configuration.maxConcurrent
    }

    func write(to writer: inout some ReportWriter) {
        writer.field("registration_token", token.revealed)
        writer.field("name", name)
        writer.field("hostname", hostname)
        writer.field("region", region)
        writer.field("zone", zone)
        // Which of its addresses is meant, the node does not know; the backend sees the one that it is reached from.
        writer.field("internal_ip", ReportValue.null)
        writer.field("version", Version.current)
        writer.object("supported_tools") { writer in
            for tool in tools { writer.member(tool.name, .bool(tool.isOn)) }
        }
        writer.object("hardware_info") { writer in
            writer.field("processors", System.processorCount)
            writer.field("memory_bytes", sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)))
            writer.field("architecture", Self.architecture)
        }
        writer.object("network_info") { writer in
            let addresses = OwnAddresses.interfaces() ?? []
            let linkLocal = AddressBlock("fe80::/10")
            writer.field("ipv4", addresses.contains { $0.family == .v4 && !$0.isLoopback })
            writer.field(
                "ipv6", addresses.contains { $0.family == .v6 && !$0.isLoopback && linkLocal?.contains($0) != true })
        }
        writer.field("max_concurrent_probes", maxConcurrent)
    }

    private static var architecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "aarch64"
        #else
            "unknown"
        #endif
    }
}
