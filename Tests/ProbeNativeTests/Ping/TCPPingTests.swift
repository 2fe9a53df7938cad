import CLinux
import Glibc
import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct TCPPingTests {
    private func ping(_ target: String, port: Int, _ more: [ParameterValue.Member] = []) async throws
        -> (report: PingReport, outcome: ProbeOutcome)
    {
        try await PingLab.run(
            target,
            [
                .init("protocol", .string("tcp")), .init("port", .integer(Int64(port))), .init("count", .integer(3)),
                .init("interval_ms", .integer(10)),
            ] + more)
    }

    @Test func anOpenAndARefusedPortAreReplies() async throws {
        let listener = try Listener()
        let open = try await ping("127.0.0.1", port: listener.port)
        #expect(open.outcome.failure == nil && open.report.received == 3)
        #expect(open.report.engine == "tcp" && open.report.port == UInt16(listener.port))
        let closed = try #require(try FreePorts.take(1).first)
        let refused = try await ping("::1", port: closed)
        #expect(refused.outcome.failure == nil && refused.report.received == 3)
        // Reset, not closed: nothing stays in TIME_WAIT, or in any other state.
        let left = try await Oracle.check("ss", ["-Htan", "( dport = :\(listener.port) )"])
        #expect(left.isEmpty, "\(left)")
    }

    /// The kernel completes handshakes for it; nothing accepts.
    private final class Listener {
        private let descriptor: FileDescriptor
        let port: Int
        init() throws {
            descriptor = try Syscalls.socket(AF_INET, PROBE_SOCK_STREAM, 0)
            try Syscalls.bind(descriptor.number, to: SocketAddress(IPAddress(v4: 0x7f00_0001), port: 0))
            try #require(listen(descriptor.number, 16) == 0)
            port = Int(try Syscalls.localAddress(descriptor.number)?.port ?? 0)
        }
    }

    @Test(arguments: [
        ("size", ParameterValue.integer(56)), ("dont_fragment", .bool(true)), ("engine", .string("auto")),
    ])
    func whatOnlyICMPHasIsRefused(_ name: String, _ value: ParameterValue) {
        let error = #expect(throws: InvalidInput.self) {
            try PingTool(lane: PingLab.lane).prepare(
                target: "127.0.0.1", parameters: [.init("protocol", .string("tcp")), .init(name, value)])
        }
        #expect(error?.detail.contains(name) == true)
    }

    @Test func eachFailureHasItsStatus() {
        func outcome(_ code: ErrorCode, wasCut: Bool = false) -> EchoOutcome {
            TCPEngine.outcome(of: ProbeFailure(.connect, code, ""), after: .milliseconds(7), wasCut: wasCut)
        }
        #expect(outcome(.connectionRefused) == .reply(rtt: .milliseconds(7), ttl: nil))
        #expect(outcome(.connectionTimeout) == .timeout)
        #expect(outcome(.connectionTimeout, wasCut: true) == .cut)
        #expect(outcome(.cancelled) == .cut)
        for code in [ErrorCode.hostUnreachable, .networkUnreachable] {
            #expect(outcome(code) == .unreachable(ProbeFailure(.connect, code, "")))
        }
        #expect(
            outcome(.localResourceExhausted) == .sendError(ProbeFailure(.connect, .localResourceExhausted, "")))
    }
}
