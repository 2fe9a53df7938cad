import ProbeTesting
import Testing

/// The node as uid 65534: with the raw-socket right it pings, without it says how to grant it and does the rest.
@Suite(.enabled(if: OrdinaryUser.isAvailable, "\(OrdinaryUser.unavailableReason)"))
struct NodePrivilegeTests {
    @Test(arguments: [
        (OrdinaryUser.Rights(), true),
        (OrdinaryUser.Rights(isRawBounded: true), false),
        (OrdinaryUser.Rights(noNewPrivileges: true), false),
        (OrdinaryUser.Rights(hasFileCapability: false), false),
    ])
    func pingsWhereItMayAndDoesTheRestAnyway(_ rights: OrdinaryUser.Rights, _ hasRight: Bool) async throws {
        let mayPing = hasRight || OrdinaryUser.mayPing
        let nginx = try await NginxServer()
        let nsd = try await NSDServer()
        let user = try await OrdinaryUser(program: NodeProcess.program, rights: rights)
        try await FakeController.with { controller in
            let command = user.command(NodeProcess.arguments(controller))
            let node = try await NodeProcess.start(controller, command: command)
            try await controller.sendJob("ping", tool: "ping", target: "127.0.0.1", parameters: ["count": 1])
            try await controller.sendJob("http", tool: "http", target: nginx.url("/"))
            try await controller.sendJob(
                "dns", tool: "dns", target: "www.probe.test",
                parameters: ["resolver": .string("127.0.0.1:\(nsd.port)")])
            let ping = try await controller.response(to: "ping")
            if mayPing {
                #expect(ping["result"]?["packets_received"]?.int == 1, "\(ping.text)")
            } else {
                #expect(ping["result"]?["error_code"]?.string == "permission_denied" && ping["success"]?.bool == false)
                #expect(ping["result"]?["error"]?.string?.contains("cap_net_raw") == true)
            }
            #expect(try await controller.response(to: "http")["result"]?["status_code"]?.int == 200)
            #expect(try await controller.response(to: "dns")["result"]?["rcode"]?.string == "NOERROR")
            let status = await node.process.stop()
            #expect(status == .code(0), "\(status): \(node.process.errors.pending.suffix(10).joined(separator: "\n"))")
        }
        await nginx.stop()
        await nsd.stop()
    }
}
