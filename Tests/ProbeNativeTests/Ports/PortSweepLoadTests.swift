import ProbeTesting
import Testing

@testable import ProbeNative

/// Every port of a loopback interface that nobody else uses.
@Suite(.serialized, .enabled(if: NetworkLab.isAvailable, "\(NetworkLab.unavailableReason)"))
struct PortSweepLoadTests {
    @Test func everyPortOfALoopbackInterface() async throws {
        try await NetworkLab.with(hosts: 1) { lab in
            let bench = try await lab.onThread { try OneToolBench(PortCheckTool()) }
            defer { bench.stop() }
            // Also among the ports from which the kernel takes the local ones.
            let open = [22, 80, 33000, 45000, 60999, 65535]
            let listen = """
                import socket, sys
                ports = [int(word) for word in sys.argv[1:]]
                held = [socket.create_server(("127.0.0.1", port), backlog=4096) for port in ports]
                print("ready", flush=True)
                sys.stdin.read()
                """
            let server = try lab.start(["/usr/bin/python3", "-c", listen] + open.map(String.init))
            _ = try await server.output.next("ready")
            let result = try await bench.run(
                "127.0.0.1",
                [
                    "ports": .string("1-65535"), "rate": .integer(100_000), "parallel": .integer(1000),
                    "timeout_ms": .integer(30000),
                ], timeout: .seconds(300))
            #expect(result.outcome.failure == nil)
            let report = try #require(result.outcome.report as? PortCheckReport)
            #expect(report.entries.filter { $0.state == .open }.map { Int($0.port) } == open)
            let others = report.entries.filter { $0.state != .open && $0.reason != .reset }
            #expect(others.isEmpty, "\(others.prefix(20))")
            #expect(report.entries.count == 65535)
            #expect(await bench.openDescriptors == 0)
            // Nothing but the listeners: no TIME_WAIT, no half-open connection.
            let left = try await lab.run(["ss", "-Htan", "state", "all"])
            #expect(left.lines.count == open.count, "\(left.output)")
            let nmap = try await lab.run(
                ["nmap", "-sT", "-Pn", "-n", "-T5", "-p", "1-65535", "-oG", "-", "127.0.0.1"], within: .seconds(300))
            #expect(Nmap.states(in: nmap.output).filter { $0.value == "open" }.keys.sorted() == open)
            print("65,535 ports in \(result.run)")
            await server.stop()
        }
    }
}
