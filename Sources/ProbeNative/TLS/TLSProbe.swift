/// One run of the tls tool: a connection that takes whatever the server chooses, and one a version where asked.
struct TLSProbe {
    private let target: Host
    private let parameters: TLSParameters
    private let context: ProbeContext
    private var report: TLSReport
    private var address: IPAddress?

    init(_ target: Host, _ parameters: TLSParameters, _ context: ProbeContext) {
        self.target = target
        self.parameters = parameters
        self.context = context
        report = TLSReport(port: parameters.port, seenAt: context.time.wallTime)
        if case .name(let name) = parameters.serverName ?? target, parameters.sendsServerName {
            report.serverName = name.hasSuffix(".") ? String(name.dropLast()) : name
        }
        report.startTLS = parameters.startTLS.map { TLSReport.StartTLS(proto: $0) }
    }

    mutating func run() async -> ProbeOutcome {
        var failure: ProbeFailure?
        do throws(ProbeFailure) {
            let address = try await resolve()
            do throws(ProbeFailure) {
                try await measure(address)
                failure = report.verdict?.failure
            } catch {
                failure = error
                // A server that refused one handshake may still accept another.
                guard error.isAboutHandshake, report.startTLS.map({ $0.duration != nil }) ?? true else { throw error }
            }
            if parameters.scansVersions { try await scan(address) }
        } catch {
            failure = error
        }
        return ProbeOutcome(report, failure: failure, resolvedAddress: address)
    }

    private mutating func resolve() async throws(ProbeFailure) -> SocketAddress {
        let resolution = try await context.resolve(target)
        guard let first = resolution.addresses.first else {
            throw ProbeFailure(.resolve, .noAddress, "\(target) has no address.")
        }
        address = first
        return SocketAddress(first, port: parameters.port)
    }

    private mutating func measure(_ address: SocketAddress) async throws(ProbeFailure) {
        let started = context.now
        let socket = try await connect(address, for: context.span)
        defer { socket.closeWithReset() }
        report.connectTime = context.now - started
        try await beginTLS(over: socket, at: address)
        let options = parameters.options(from: parameters.minimum, to: parameters.maximum)
        let tls = try await stream(over: socket, to: address, options, for: context.span)
        defer { take(tls) }
        try await tls.handshake(until: context.deadline)
        await tls.finish(until: context.deadline, stage: .tls)
    }

    private func connect(_ address: SocketAddress, for span: Span?) async throws(ProbeFailure) -> Socket {
        do throws(ProbeFailure) {
            let socket = try await context.gate.connect(
                .tcp, to: address, as: context.request(.target, address.address, port: address.port),
                source: context.source, until: context.deadline, for: span)
            socket.setNoDelay()
            return socket
        } catch {
            // The kernel's own patience may end before.
            if error.code == .connectionTimeout, context.now >= context.deadline { throw .deadline(.connect) }
            throw error
        }
    }

    private mutating func beginTLS(over socket: Socket, at address: SocketAddress) async throws(ProbeFailure) {
        guard let proto = parameters.startTLS else { return }
        let started = context.now
        let step = context.span?.begin(.exchange, "STARTTLS of \(proto.rawValue)")
        var dialog = startTLS(proto, over: socket, at: address)
        defer { report.startTLS?.greeting = dialog.dialog.greeting }
        try await dialog.run(over: socket, until: context.deadline)
        step?.end("TLS may begin")
        report.startTLS?.duration = context.now - started
    }

    private func startTLS(
        _ proto: StartTLSProtocol, over socket: Socket, at address: SocketAddress
    ) -> StartTLS {
        StartTLS(
            proto, to: parameters.serverName ?? target, from: socket.localAddress?.address, peer: "\(address)")
    }

    private func stream(
        over socket: Socket, to address: SocketAddress, _ options: TLSOptions, for span: Span?
    ) async throws(ProbeFailure) -> TLSStream {
        try await TLSStream.make(
            over: socket, to: target, options, peer: "\(address)", on: context.reactor, until: context.deadline,
            for: span)
    }

    private mutating func take(_ tls: TLSStream) {
        report.handshakeTime = tls.handshakeDuration
        report.session = tls.session
        report.chain = tls.peerCertificates
        report.verdict = tls.verdict
        report.isStapled = tls.staple != nil
        report.asksForCertificate = tls.asksForCertificate
    }

    // MARK: The scan

    /// One after the other: many servers limit the connections of one client.
    private mutating func scan(_ address: SocketAddress) async throws(ProbeFailure) {
        for version in TLSVersion.allCases {
            var trial = TLSReport.VersionTrial(version: version)
            let step = context.span?.begin(.exchange, "does it take \(version.name)")
            do throws(ProbeFailure) {
                try await attempt(&trial, at: address, for: step)
                step?.end("yes")
            } catch {
                step?.end("no: \(error.code.rawValue)")
                if [.cancelled, .deadlineExceeded].contains(error.code) { throw error }
                trial.failure = error
            }
            report.trials.append(trial)
        }
    }

    private func attempt(
        _ trial: inout TLSReport.VersionTrial, at address: SocketAddress, for span: Span?
    ) async throws(ProbeFailure) {
        let socket = try await connect(address, for: span)
        defer { socket.closeWithReset() }
        if let proto = parameters.startTLS {
            var dialog = startTLS(proto, over: socket, at: address)
            try await dialog.run(over: socket, until: context.deadline)
        }
        let options = parameters.options(from: trial.version, to: trial.version)
        let tls = try await stream(over: socket, to: address, options, for: span)
        do throws(ProbeFailure) { try await tls.handshake(until: context.deadline) } catch {
            if error.isAboutHandshake { trial.isAccepted = false }
            throw error
        }
        trial.isAccepted = true
        trial.cipher = tls.session?.cipher
        await tls.finish(until: context.deadline, stage: .tls)
    }
}

extension ProbeFailure {
    /// The server was there, and this handshake did not come about.
    fileprivate var isAboutHandshake: Bool {
        stage == .tls && [.tlsVersionUnsupported, .tlsHandshakeFailed, .connectionReset].contains(code)
    }
}
