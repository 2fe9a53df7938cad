/// Asks a time server how late this node's clock is (RFC 5905, client mode).
public struct NTPTool: Tool {
    public let name = "ntp"
    public let summary = "a time server: clock offset, delay, stratum, source"

    public struct Parameters: Sendable {
        var port: UInt16
        var count: Int
        var interval: Duration
        var timeout: Duration
    }

    public init() {}

    public func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> Parameters {
        Parameters(
            port: UInt16(reader.integer("port", default: 123, in: 1...65535, help: "UDP port")),
            count: reader.integer(
                "count", default: 1, in: 1...16, help: "queries; the one with the least delay counts"),
            interval: reader.milliseconds(
                "interval_ms", default: 2000, in: 100...60000,
                help: "from one query to the next; servers refuse who asks more often than every 2 s"),
            timeout: reader.milliseconds(
                "timeout_ms", default: 2000, in: 1...60000, help: "how long to wait for each answer"))
    }

    public func expectedDuration(_ parameters: Parameters) -> Duration {
        max(parameters.interval, parameters.timeout) * parameters.count + .seconds(10)
    }

    public func run(_ target: Host, _ parameters: Parameters, in context: ProbeContext) async -> ProbeOutcome {
        var run = NTPRun(parameters, context)
        var failure: ProbeFailure?
        do throws(ProbeFailure) {
            failure = try await run.measure(target)
        } catch {
            failure = error
        }
        return ProbeOutcome(run.report, failure: failure, resolvedAddress: run.report.address, quality: run.quality)
    }
}

private struct NTPRun {
    let parameters: NTPTool.Parameters
    let context: ProbeContext
    var report: NTPReport
    var quality = Quality()

    init(_ parameters: NTPTool.Parameters, _ context: ProbeContext) {
        self.parameters = parameters
        self.context = context
        report = NTPReport(port: parameters.port)
    }

    /// Returns what the answers themselves say is wrong; throws when there is none.
    mutating func measure(_ target: Host) async throws(ProbeFailure) -> ProbeFailure? {
        let resolution = try await context.resolve(target)
        report.resolveTime = resolution.duration
        guard let address = resolution.addresses.first else {
            throw ProbeFailure(.resolve, .noAddress, "\(target) has no address.")
        }
        report.address = address
        let peer = SocketAddress(address, port: parameters.port)
        let socket = try await context.gate.connect(
            .udp, to: peer, as: context.request(.target, address, port: parameters.port), source: context.source,
            until: context.deadline, for: context.span)
        socket.sawReadBlock()
        for number in 1...parameters.count {
            let sentAt = context.now
            let sample = try await ask(socket, peer)
            if sample.status == .kiss || number == parameters.count { break }
            let pause = context.span?.begin(.pause, "until the next query is due")
            defer { pause?.end() }
            if case .cancelled = await context.reactor.park(until: sentAt + parameters.interval) {
                throw .cancelled(.request)
            }
        }
        return verdict(peer)
    }

    private mutating func ask(_ socket: Socket, _ peer: SocketAddress) async throws(ProbeFailure) -> NTPReport.Sample {
        var exchange = NTPExchange(context.reactor, socket, patience: parameters.timeout)
        defer { report.ignoredAnswers += exchange.ignored }
        let step = context.span?.begin(.exchange, "query \(report.samples.count + 1) to \(peer)")
        let reply: NTPExchange.Reply?
        do throws(ProbeFailure) {
            reply = try await exchange.run()
            step?.end(reply == nil ? "no answer" : "answered", isFailed: reply == nil)
        } catch {
            step?.fail(error)
            // An ICMP error says that nobody listens there.
            throw ProbeFailure(error.stage, error.code, "Asking \(peer): \(error.detail)")
        }
        guard let reply else {
            report.samples.append(.init(.timeout))
            return .init(.timeout)
        }
        if reply.clockStepped { quality.clockStepped = true }
        let isKiss = reply.packet.kissCode != nil
        let sample = isKiss ? NTPReport.Sample(.kiss) : .init(.reply, offset: reply.offset, delay: reply.delay)
        report.samples.append(sample)
        // The best sample's, or the kiss that ended it.
        if isKiss || report.best == sample { report.server = NTPReport.Server(reply.packet, near: reply.receivedAt) }
        return sample
    }

    private func verdict(_ peer: SocketAddress) -> ProbeFailure? {
        guard let server = report.server else {
            return report.ignoredAnswers > 0
                ? ProbeFailure(.response, .protocolError, "\(peer) sent messages that do not answer the query.")
                : ProbeFailure(.response, .noReply, "\(peer) did not answer.")
        }
        if let kiss = server.kiss {
            return ProbeFailure(
                .response, .expectationFailed,
                "\(peer) asks not to be asked: \(NTPExchange.meaning(ofKiss: kiss)) (kiss code \(kiss)).")
        }
        guard server.leap != "unsynchronized", server.stratum < 16 else {
            return ProbeFailure(.response, .expectationFailed, "\(peer) says that its own clock is not synchronized.")
        }
        return nil
    }
}
