import ProbeNative

/// Sends PING to a Redis server and times its PONG. Typed parameters, a typed report, sockets that the node's policy
/// allows. It only awaits, so it may run on the reactors, beside every other diagnostic.
struct RedisTool: Tool {
    let name = "redis"
    let summary = "PING to a Redis server"

    struct Parameters {
        var port: UInt16
    }

    struct Answer: Report {
        var address: IPAddress
        var connect: Duration
        var reply: Duration
        var text: String

        func write(to writer: inout some ReportWriter) {
            writer.field("connect_ms", connect)
            writer.field("reply_ms", reply)
            writer.field("reply", text)
        }
    }

    func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> Parameters {
        Parameters(port: UInt16(reader.integer("port", default: 6379, in: 1...65535, help: "TCP port")))
    }

    func run(_ target: Host, _ parameters: Parameters, in context: ProbeContext) async -> ProbeOutcome {
        do throws(ProbeFailure) {
            let answer = try await ask(target, parameters, in: context)
            let failure: ProbeFailure? =
                answer.text == "+PONG"
                ? nil
                : ProbeFailure(.response, .protocolError, "The server answered \(answer.text.debugDescription).")
            return ProbeOutcome(answer, failure: failure, resolvedAddress: answer.address)
        } catch {
            return ProbeOutcome(failure: error)
        }
    }

    private func ask(
        _ target: Host, _ parameters: Parameters, in context: ProbeContext
    ) async throws(ProbeFailure) -> Answer {
        guard let address = try await context.resolve(target).addresses.first else {
            throw ProbeFailure(.resolve, .noAddress, "\(target) has no address.")
        }
        let begin = context.now
        let socket = try await context.gate.connect(
            .tcp, to: SocketAddress(address, port: parameters.port),
            as: context.request(.target, address, port: parameters.port), source: context.source,
            until: context.deadline)
        let connected = context.now
        try await socket.write(
            Array("PING\r\n".utf8), until: context.deadline, stage: .request, timeout: .connectionTimeout)
        var reader = StreamReader(socket)
        let line = try await reader.line(until: context.deadline) ?? []
        return Answer(
            address: address, connect: connected - begin, reply: context.now - connected,
            text: String(decoding: line, as: UTF8.self))
    }
}
