/// Opens a WebSocket, sends a message if asked to, waits for the answer and closes it (RFC 6455). By hand: libcurl's own
/// is experimental, and Debian builds without it.
public struct WebSocketTool: Tool {
    public let name = "websocket"
    public let summary = "a WebSocket: connect, TLS, handshake, echo, close"
    public let targetHelp = "ws or wss URL"

    public struct Parameters: Sendable {
        var fields: [HTTPField]
        var message: String?
        var verifiesTLS: Bool
        var trust: TrustStore?
        var messageLimit: Int
    }

    private let redaction: HeaderRedaction

    public init(redacting redaction: HeaderRedaction = .none) { self.redaction = redaction }

    public func target(_ text: String) throws(InvalidInput) -> WebSocketURL { try WebSocketURL(text) }

    public func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> Parameters {
        let fields = HTTPParameters.fields(&reader)
        for field in fields where Self.ownFields.contains(field.name.lowercased()) {
            reader.refuse("headers: \(field.name) is set by the node and cannot be given.")
        }
        return Parameters(
            fields: fields,
            message: reader.optionalText(
                "message", limit: 1 << 20, multiline: true, help: "text to send; the answer's first message is timed"),
            verifiesTLS: reader.flag(
                "verify_tls", default: true, help: "fail when the server's certificate is not good"),
            trust: reader.trustStore("ca_pem"),
            messageLimit: reader.integer(
                "message_limit", default: 1 << 20, in: 0...(16 << 20), unit: "bytes",
                help: "largest message that the server may send"))
    }

    /// A second opinion on them would break the handshake.
    private static let ownFields: Set<String> = [
        "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-accept",
    ]

    public func run(
        _ target: WebSocketURL, _ parameters: Parameters, in context: ProbeContext
    ) async -> ProbeOutcome {
        var run = WebSocketRun(target, parameters, context)
        let failure: ProbeFailure?
        do throws(ProbeFailure) {
            try await run.measure()
            failure = nil
        } catch {
            failure = error
        }
        run.report.fields = redaction.shown(run.report.fields)
        return ProbeOutcome(run.report, failure: failure, resolvedAddress: run.report.address)
    }
}

private struct WebSocketRun {
    /// How long the server has to answer our close: what was measured is done by then.
    private static let closingPatience = Duration.seconds(2)

    let url: WebSocketURL
    let parameters: WebSocketTool.Parameters
    let context: ProbeContext
    var report: WebSocketReport

    init(_ url: WebSocketURL, _ parameters: WebSocketTool.Parameters, _ context: ProbeContext) {
        self.url = url
        self.parameters = parameters
        self.context = context
        report = WebSocketReport(url: url.description)
        report.isSecure = url.isSecure
    }

    mutating func measure() async throws(ProbeFailure) {
        let socket = try await connect()
        // The measured connection leaves no TIME_WAIT behind.
        defer { socket.closeWithReset() }
        socket.setNoDelay()
        let stream: any ByteStream = url.isSecure ? try await secure(socket) : socket
        var connection = WebSocketConnection(
            stream, reactor: context.reactor, messageLimit: parameters.messageLimit, until: context.deadline)
        defer { report.pings = connection.pings }
        try await shakeHands(&connection)
        if let message = parameters.message { try await exchange(message, &connection) }
        try await close(&connection)
    }

    private mutating func connect() async throws(ProbeFailure) -> Socket {
        let resolution = try await context.resolve(url.host)
        report.dns = resolution.duration
        guard let address = resolution.addresses.first else {
            throw ProbeFailure(.resolve, .noAddress, "\(url.host) has no address.")
        }
        report.address = address
        let started = context.now
        do throws(ProbeFailure) {
            let socket = try await context.gate.connect(
                .tcp, to: SocketAddress(address, port: url.port),
                as: context.request(.target, address, port: url.port), source: context.source,
                until: context.deadline, for: context.span)
            report.connect = context.now - started
            return socket
        } catch {
            // It waits until the job's deadline, and that is what is over.
            let isDeadline = error.code == .connectionTimeout && context.now >= context.deadline
            throw isDeadline ? .deadline(.connect) : error
        }
    }

    private mutating func secure(_ socket: Socket) async throws(ProbeFailure) -> TLSStream {
        var options = TLSOptions(
            parameters.verifiesTLS ? .enforcing : .measuring, alpn: ["http/1.1"], trust: parameters.trust)
        options.minimum = .tls12
        let stream = try await TLSStream.make(
            over: socket, to: url.host, options, on: context.reactor, until: context.deadline, for: context.span)
        let started = context.now
        defer {
            report.tlsVersion = stream.session?.version
            report.cipher = stream.session?.cipher
            report.verdict = stream.verdict
            report.verify = stream.verdict?.duration
            report.seenAt = context.time.wallTime
        }
        try await stream.handshake(until: context.deadline)
        report.tls = context.now - started
        return stream
    }

    private mutating func shakeHands(_ connection: inout WebSocketConnection) async throws(ProbeFailure) {
        let handshake = WebSocketHandshake(url, parameters.fields, random: WebSocketConnection.random(16))
        let started = context.now
        let step = context.span?.begin(.exchange, "the opening handshake", at: started)
        let response = try await connection.ask(handshake.request)
        report.handshake = context.now - started
        step?.end("status \(response.status)")
        report.status = response.status
        report.fields = response.fields
        report.subprotocol = try handshake.accept(response)
    }

    private mutating func exchange(
        _ message: String, _ connection: inout WebSocketConnection
    ) async throws(ProbeFailure) {
        let payload = Array(message.utf8)
        let started = context.now
        let step = context.span?.begin(.exchange, "a message and its answer", at: started)
        try await connection.send(WebSocketFrame(opcode: .text, payload: payload))
        switch try await connection.next() {
        case .message(let answer):
            report.echo = WebSocketReport.Echo(
                count: answer.payload.count, isText: answer.isText, matches: answer.payload == payload,
                duration: context.now - started)
            step?.end("\(answer.payload.count) bytes")
        case .close(let close):
            report.close = WebSocketReport.Close(
                code: close.code, reason: close.reason, duration: context.now - started)
            let code = close.code.map { "code \($0)" } ?? "no code"
            throw ProbeFailure(
                .response, .connectionReset, "The server closed the WebSocket (\(code)) before it answered.")
        }
    }

    /// A server that does not take part in closing has been measured all the same.
    private mutating func close(_ connection: inout WebSocketConnection) async throws(ProbeFailure) {
        let started = context.now
        let step = context.span?.begin(.exchange, "closing", at: started)
        defer { step?.end(report.close == nil ? "the server took no part" : "closed") }
        connection.deadline = min(context.deadline, started + Self.closingPatience)
        do throws(ProbeFailure) {
            try await connection.send(WebSocketFrame(opcode: .close, payload: WebSocketClose.normal.payload))
            while true {
                guard case .close(let close) = try await connection.next() else { continue }
                report.close = WebSocketReport.Close(
                    code: close.code, reason: close.reason, duration: context.now - started)
                return
            }
        } catch {
            if error.code == .protocolError { throw error }
        }
    }
}
