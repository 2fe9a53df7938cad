import NIOCore
import NIOPosix
import ProbeNative
import ProbeProtocol

/// The way to the backend, step by step, each timed: proxy, name, TCP, TLS, WebSocket, authentication; and its clock.
struct BackendExamination {
    let configuration: AgentConfiguration
    let backend: BackendURL
    let time: any TimeSource
    /// The node that runs with the same settings, if one does.
    let node: RunningNode?

    /// Days from which on a certificate should have been renewed.
    private static let renewal = 14
    /// How far the clocks may be apart.
    private static let clockLimit = Duration.seconds(5)

    func run(_ record: inout DoctorRecord) async {
        let group = MultiThreadedEventLoopGroup.singleton.next()
        var dialer: BackendDialer
        do throws(InvalidInput) {
            dialer = try BackendDialer(
                backend, caFile: configuration.caFile, access: configuration.access, time: time, group: group)
        } catch {
            return record.add(Finding("TLS", .failed, error.detail))
        }
        record.add(
            Finding("proxy", .good, dialer.proxy.map(\.description) ?? "none, the connection is direct"))
        if dialer.proxy == nil {
            guard await lookUp(&record, group) else { return }
        }
        let passed = Locked<[(step: BackendDialer.Step, at: Instant)]>([])
        dialer.passed = { [time] step in passed.withLock { $0.append((step, time.now)) } }
        let started = time.now
        record.look(at: "WebSocket")
        let outcome = await connect(WebSocketConnector(dialer), passed)
        let steps = passed.withLock { $0 }
        addSteps(steps, since: started, outcome, dialer, &record)
        dialer.passed = nil
        await addClock(outcome, dialer, &record)
    }

    // MARK: Name and TCP

    /// - Returns: whether any address takes a connection.
    private func lookUp(_ record: inout DoctorRecord, _ group: any EventLoopGroup) async -> Bool {
        var addresses = IPAddress(backend.host).map { [$0] } ?? []
        if addresses.isEmpty {
            record.look(at: "DNS")
            let started = time.now
            // As NIO does it for the session.
            addresses = HostAddresses.of(backend.host)
            guard !addresses.isEmpty else {
                record.add(
                    Finding(
                        "DNS", .failed, "\(backend.host) has no address here",
                        advice: "check the name, and the name servers",
                        took: time.now - started))
                return false
            }
            record.add(
                Finding(
                    "DNS", .good, "\(backend.host) is \(addresses.map(\.description).joined(separator: ", "))",
                    took: time.now - started))
        }
        var findings: [Finding] = []
        for address in addresses {
            record.look(at: "TCP \(address)")
            findings.append(await connectTCP(address, group))
        }
        let isReached = findings.contains { $0.state == .good }
        for var finding in findings {
            // One dead address of several costs time, no more.
            if isReached, finding.state == .failed { finding.state = .warning }
            record.add(finding)
        }
        return isReached
    }

    private func connectTCP(_ address: IPAddress, _ group: any EventLoopGroup) async -> Finding {
        let shown = address.family == .v6 ? "[\(address)]:\(backend.port)" : "\(address):\(backend.port)"
        let started = time.now
        do {
            let channel = try await ClientBootstrap(group: group).connectTimeout(.seconds(5))
                .connect(host: address.description, port: backend.port).get()
            let took = time.now - started
            channel.close(promise: nil)
            return Finding("TCP", .good, shown, took: took)
        } catch {
            let failure = AttemptFailure(error, url: backend, certificate: nil)
            return Finding(
                "TCP", .failed, "\(shown): \(failure.code?.rawValue ?? failure.reason)",
                advice: "is the backend running, and does a firewall let TCP port \(backend.port) out?",
                took: time.now - started)
        }
    }

    // MARK: TLS, WebSocket, authentication

    private struct Outcome {
        var failure: AttemptFailure?
        var opened: Instant?
        var answer: AuthenticationTrial.Answer?
        var answered: Instant
        /// Why the node did not authenticate.
        var omission: String?
    }

    private func connect(
        _ connector: WebSocketConnector, _ passed: Locked<[(step: BackendDialer.Step, at: Instant)]>
    ) async -> Outcome {
        let opened = Locked<Instant?>(nil)
        var outcome = Outcome(answered: time.now, omission: omission)
        do throws(AttemptFailure) {
            if outcome.omission == nil {
                outcome.answer = try await connector.tryAuthentication(authentication) { [time] in
                    opened.withLock { $0 = time.now }
                }
            } else {
                try await connector.tryUpgrade()
                opened.withLock { $0 = time.now }
            }
        } catch { outcome.failure = error }
        outcome.opened = opened.withLock { $0 }
        outcome.answered = time.now
        return outcome
    }

    /// Two connections with one UUID are one too many for most backends: the newer one ends the other, or is refused.
    private var omission: String? {
        if configuration.nodeUUID.isEmpty || configuration.apiKey.revealed.isEmpty {
            return "the node has no identifier and key"
        }
        guard let node else { return nil }
        return node.isConnected
            ? "the running node is connected, which shows it; a second connection would displace it"
            : "a node runs with these settings, which a second connection might displace: see probe-agent status"
    }

    private var authentication: AuthenticationFrame {
        AuthenticationFrame(
            nodeUUID: configuration.nodeUUID, apiKey: configuration.apiKey.revealed, version: Version.current,
            hostname: configuration.hostname, tools: [], maxConcurrent: configuration.maxConcurrent)
    }

    private func addSteps(
        _ steps: [(step: BackendDialer.Step, at: Instant)], since started: Instant, _ outcome: Outcome,
        _ dialer: BackendDialer, _ record: inout DoctorRecord
    ) {
        var last = started
        for (step, instant) in steps {
            switch step {
            case .connected: break
            case .tunnelled:
                record.add(Finding("tunnel", .good, "opened to \(backend.authority)", took: instant - started))
            case .certified(let chain): record.add(certificate(chain, took: instant - last))
            }
            last = instant
        }
        if !backend.isEncrypted { record.add(plaintext) }
        if let failure = outcome.failure {
            let code = failure.code?.rawValue ?? ""
            let isTunnel = code == ErrorCode.proxyFailed.rawValue
            let name = isTunnel ? "tunnel" : code.hasPrefix("tls_") ? "TLS" : "WebSocket"
            return record.add(
                Finding(name, .failed, failure.reason, advice: Self.advice(name), took: outcome.answered - last))
        }
        guard let opened = outcome.opened else { return }
        record.add(Finding("WebSocket", .good, "\(backend)", took: opened - last))
        record.add(authentication(outcome, took: outcome.answered - opened))
    }

    private static func advice(_ name: String) -> String? {
        switch name {
        case "tunnel": "check --proxy, or go without: --proxy none"
        case "WebSocket":
            "check the path of --backend, and that a reverse proxy in between passes Upgrade and Connection on"
        default: nil
        }
    }

    private var plaintext: Finding {
        Finding(
            "TLS", IPAddress(backend.host)?.isLoopback == true || backend.host == "localhost" ? .good : .warning,
            "none: \(backend) is not encrypted")
    }

    private func certificate(_ chain: [CertificateSummary], took: Duration) -> Finding {
        let days = chain.compactMap { $0.daysLeft(at: time.wallTime) }.min() ?? 0
        let pins = configuration.access.pins == nil ? "" : ", a pinned key fits"
        let text = "\(chain.first?.subject ?? ""), trusted\(pins), good for \(days) more days"
        if days >= Self.renewal { return Finding("TLS", .good, text, took: took) }
        return Finding(
            "TLS", .warning, text, advice: "the backend's certificate, or one above it, should be renewed", took: took)
    }

    private func authentication(_ outcome: Outcome, took: Duration) -> Finding {
        let name = "authentication"
        switch outcome.answer {
        case nil: return Finding(name, .skipped, outcome.omission ?? "not tried")
        case .accepted?:
            return Finding(name, .good, "accepted as \(configuration.nodeUUID)", took: took)
        case .refused(let message, let details)?:
            let text = [message, details].compactMap { $0?.quotedForMessage }.joined(separator: ", ")
            return Finding(
                name, .failed, "\(backend.authority) refuses the node: \(text)",
                advice: message.lowercased().contains("already connected")
                    ? "another process connects with this identifier, or an old connection has not timed out yet"
                    : "check --uuid and the key; a node that was deleted there registers anew (register --force)",
                took: took)
        case .other(let words)?:
            return Finding(name, .failed, "\(backend.authority) \(words)", took: took)
        }
    }

    // MARK: The clock

    /// By what the backend says of the time when it accepts the node, or else by its Date, which has whole seconds.
    private func addClock(_ outcome: Outcome, _ dialer: BackendDialer, _ record: inout DoctorRecord) async {
        if case .accepted(let accepted, let now)? = outcome.answer,
            let server = accepted.serverTime.flatMap(WallTime.init(iso8601:))
        {
            return record.add(clock(.nanoseconds(server.nanoseconds - now.nanoseconds)))
        }
        record.look(at: "clock")
        let before = time.wallTime
        let answer = try? await BackendCall(dialer).send(.GET, backend.path(of: "/"))
        let after = time.wallTime
        guard let date = answer?.date else {
            return record.add(Finding("clock", .skipped, "the backend does not tell the time"))
        }
        let second: Int64 = 1_000_000_000
        let offset: Int64 =
            if date.nanoseconds > after.nanoseconds {
                date.nanoseconds - after.nanoseconds
            } else if date.nanoseconds + second < before.nanoseconds {
                date.nanoseconds + second - before.nanoseconds
            } else {
                0
            }
        record.add(clock(.nanoseconds(offset)))
    }

    private func clock(_ offset: Duration) -> Finding {
        let seconds = (offset.inSeconds * 10).rounded() / 10
        guard abs(seconds) > Self.clockLimit.inSeconds else {
            return Finding("clock", .good, "as the backend's, within \(max(1, abs(seconds))) s")
        }
        return Finding(
            "clock", .failed, "\(abs(seconds)) s \(seconds > 0 ? "behind" : "ahead of") the backend's",
            advice: "synchronize both (systemd-timesyncd, chrony): timestamps and certificates depend on it")
    }
}
