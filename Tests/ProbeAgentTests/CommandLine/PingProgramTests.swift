import ProbeTesting
import Testing

/// The built program as an ordinary user: with the file capability, and without any way to raw sockets.
@Suite(.enabled(if: OrdinaryUser.isAvailable, "\(OrdinaryUser.unavailableReason)"))
struct PingProgramTests {
    private func ping(_ rights: OrdinaryUser.Rights, _ more: [String] = []) async throws -> Oracle.Result {
        let user = try await OrdinaryUser(program: Places.product("probe-agent"), rights: rights)
        let command = user.command(["ping", "127.0.0.1", "--count", "1"] + more)
        return try await Oracle.run(command[0], Array(command.dropFirst()))
    }

    @Test(arguments: ["liboping", "raw"]) func theFileCapabilityIsEnough(_ engine: String) async throws {
        let result = try await ping(OrdinaryUser.Rights(), ["--engine", engine])
        #expect(result.isSuccess, "\(result.output) \(result.errors)")
        #expect(result.output.contains("1 packet sent, 1 received, 0% loss"))
    }

    private static let withoutRight = [
        OrdinaryUser.Rights(hasFileCapability: false), OrdinaryUser.Rights(isRawBounded: true),
        OrdinaryUser.Rights(noNewPrivileges: true),
    ]

    @Test(arguments: withoutRight)
    func withoutItPingSaysHowToGrantItAndTCPWorks(_ rights: OrdinaryUser.Rights) async throws {
        for engine in ["liboping", "raw"] {
            let result = try await ping(rights, ["--engine", engine])
            #expect(result.status == .code(1))
            #expect(result.output.contains("setcap cap_net_raw+p"))
        }
        let tcp = try await ping(rights, ["--protocol", "tcp", "--port", "1"])
        #expect(tcp.isSuccess, "\(tcp.output) \(tcp.errors)")
    }

    @Test(.enabled(if: NetworkLab.isAvailable, "\(NetworkLab.unavailableReason)"), arguments: withoutRight)
    func withoutItTheGroupRangeIsEnough(_ rights: OrdinaryUser.Rights) async throws {
        let user = try await OrdinaryUser(program: Places.product("probe-agent"), rights: rights)
        try await NetworkLab.with(hosts: 3) { lab in
            let command = user.command(["ping", NetworkLab.host6(1), "--count", "1", "--json"])
            let result = try await lab.run(command)
            #expect(result.isSuccess, "\(result.output) \(result.errors)")
            #expect(result.output.contains("\"engine\":\"datagram\""))
            #expect(try await lab.run(["sysctl", "-w", "net.ipv4.ping_group_range=1 0"]).isSuccess)
            let refused = try await lab.run(command)
            #expect(refused.status == .code(1))
            #expect(refused.output.contains("\"error_code\":\"permission_denied\""))
        }
    }

    @Test(.enabled(if: NetworkLab.isAvailable, "\(NetworkLab.unavailableReason)"))
    func aRefusedSendWritesNothingToStandardError() async throws {
        try await NetworkLab.with(hosts: 3) { lab in
            let rules =
                "table inet near { chain output { type filter hook output priority 0; icmp type echo-request drop; }; }"
            #expect(try await lab.run(["nft", rules]).isSuccess)
            let result = try await lab.run([
                Places.product("probe-agent"), "ping", NetworkLab.host4(1), "--count", "1", "--json",
            ])
            #expect(result.status == .code(1))
            #expect(result.output.contains("\"error_code\":\"permission_denied\""))
            #expect(result.errors.isEmpty, "\(result.errors)")
        }
    }
}
