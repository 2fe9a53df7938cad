import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// "Pings" by the first half of a TCP connection: the time until SYN-ACK or RST. Either proves that the host answers, so
/// a refused port is a reply. The connection is reset at once and leaves no TIME_WAIT.
struct TCPEngine: EchoEngine {
    let port: UInt16
    let name = "tcp"

    nonisolated(nonsending) func send(_ echo: Echo, in context: ProbeContext) async -> EchoResult {
        EchoResult(outcome: await measure(echo, in: context))
    }

    nonisolated(nonsending) private func measure(_ echo: Echo, in context: ProbeContext) async -> EchoOutcome {
        let address = SocketAddress(echo.address, port: port)
        let socket: Socket
        do throws(ProbeFailure) {
            socket = try await context.gate.open(
                .tcp, to: address, as: context.request(.target, echo.address, port: port), source: context.source,
                until: context.deadline)
            try configure(socket, echo)
        } catch { return error.code == .cancelled ? .cut : .sendError(error) }
        defer { socket.closeWithReset() }
        let start = context.now
        let limit = start + echo.timeout
        do throws(ProbeFailure) {
            try await socket.connect(to: address, until: min(limit, context.deadline))
            return .reply(rtt: context.now - start, ttl: nil)
        } catch {
            return Self.outcome(of: error, after: context.now - start, wasCut: limit > context.deadline)
        }
    }

    static func outcome(of failure: ProbeFailure, after time: Duration, wasCut: Bool) -> EchoOutcome {
        switch failure.code {
        case .connectionRefused, .connectionReset: .reply(rtt: time, ttl: nil)
        case .connectionTimeout: wasCut ? .cut : .timeout
        case .hostUnreachable, .networkUnreachable: .unreachable(failure)
        case .cancelled: .cut
        default: .sendError(failure)
        }
    }

    private func configure(_ socket: Socket, _ echo: Echo) throws(ProbeFailure) {
        let isV4 = echo.address.family == .v4
        do throws(Errno) {
            let level = isV4 ? Int32(IPPROTO_IP) : Int32(IPPROTO_IPV6)
            try Syscalls.setOption(socket.number, level, isV4 ? IP_TTL : IPV6_UNICAST_HOPS, Int32(echo.ttl))
            // 0 is what a socket begins with; the TTL it begins with is the machine's choice (net.ipv4.ip_default_ttl).
            if echo.tos != 0 {
                try Syscalls.setOption(socket.number, level, isV4 ? IP_TOS : IPV6_TCLASS, Int32(echo.tos))
            }
        } catch { throw error.failure(.connect, "setting the TTL of a socket") }
    }
}
