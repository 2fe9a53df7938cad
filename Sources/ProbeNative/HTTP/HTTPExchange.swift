import CCurl

/// A job's requests from its URL to the end of the redirects, one transfer a hop.
///
/// A class, and what needs no `await` but much space is not inlined, so that the `async` frames that wait are small.
final class HTTPExchange {
    private let parameters: HTTPParameters
    private var context: ProbeContext
    private let firstHost: Host
    private var request: HTTPRequest
    private var report: HTTPReport
    /// Of the last answer, decoded, as far as it is kept.
    private var body: [UInt8] = []
    /// Made for the first look-up of a job that names a name server.
    private var ownResolver: Resolver?
    /// As what the policy is asked for the first hop.
    private let purpose: Purpose
    private let redaction: HeaderRedaction

    @inline(never)
    init(
        _ target: HTTPURL, _ parameters: HTTPParameters, _ context: ProbeContext, as purpose: Purpose = .target,
        redacting redaction: HeaderRedaction = .none
    ) {
        self.purpose = purpose
        self.redaction = redaction
        self.parameters = parameters
        self.context = context
        firstHost = target.host
        request = HTTPRequest(
            url: target, method: parameters.method, fields: parameters.fields, body: parameters.body)
        report = HTTPReport(request, proxy: parameters.proxy)
    }

    func run() async -> ProbeOutcome {
        do throws(ProbeFailure) {
            let bodyShare =
                parameters.keptBytes > 0
                ? try await context.reactor.local(BodyBudget.self).bytes
                    .draw(parameters.keptBytes, until: context.deadline, stage: .connect) : nil
            defer { withExtendedLifetime(bodyShare) {} }
            while let location = try await hop() { try follow(location) }
            let verdict = try await judge()
            return outcome(verdict)
        } catch {
            return outcome(error)
        }
    }

    @inline(never)
    private func outcome(_ failure: ProbeFailure?) -> ProbeOutcome {
        var report = report
        report.redact(redaction, sent: parameters.fields)
        return ProbeOutcome(report, failure: failure, resolvedAddress: report.last.address)
    }

    // MARK: One hop

    /// Runs one request; returns the Location that is to be followed.
    private func hop() async throws(ProbeFailure) -> String? {
        let whole = begin()
        defer { context.span = whole }
        do throws(ProbeFailure) {
            let route = try await route()
            let policyRequest = try admit(route)
            let share = try await context.gate.descriptors.draw(until: context.deadline, stage: .connect)
            defer { withExtendedLifetime(share) {} }
            let transfer = try transfer(along: route, policyRequest, try await options())
            let reason = await context.reactor.local(CurlMulti.self).run(transfer, until: context.deadline)
            let location = try conclude(transfer, reason)
            context.span?.end("status \(report.last.status ?? 0)")
            return location
        } catch {
            if whole != nil { context.span?.fail(error) }
            throw error
        }
    }

    /// What is recorded belongs to this request until it is over; returns what that is a part of.
    @inline(never)
    private func begin() -> Span? {
        report.last = HTTPHop(url: request.url.text)
        let whole = context.span
        context.span = whole?.begin(.request, "\(request.method.rawValue) \(request.url.text)")
        return whole
    }

    /// Asks the policy about the target, and about the proxy where there is one; returns what the socket is opened as.
    @inline(never)
    private func admit(_ route: HTTPRoute) throws(ProbeFailure) -> PolicyRequest {
        report.last.address = route.target?.address
        let purpose: Purpose = report.redirects.isEmpty ? purpose : .redirect
        if let target = route.target {
            try context.gate.check(
                context.request(purpose, target.address, port: target.port), for: context.span)
        }
        let policyRequest = context.request(
            route.proxy == nil ? purpose : .proxy, route.connect.address, port: route.connect.port)
        try context.gate.check(policyRequest, for: route.proxy == nil ? nil : context.span)
        return policyRequest
    }

    @inline(never)
    private func conclude(_ transfer: CurlTransfer, _ reason: WakeReason) throws(ProbeFailure) -> String? {
        take(transfer)
        if let span = context.span { transfer.record(in: span) }
        switch reason {
        case .ready: if let failure = transfer.failure { throw failure }
        case .timeout: throw .deadline(transfer.stage)
        case .cancelled: throw .cancelled(transfer.stage)
        }
        guard parameters.followsRedirects, let status = report.last.status, HTTPRequest.isRedirect(status) else {
            return nil
        }
        return transfer.head.first("location")
    }

    private func options() async throws(ProbeFailure) -> CurlTransfer.Options {
        var options = CurlTransfer.Options(
            version: parameters.version, isCompressed: parameters.isCompressed, bodyLimit: parameters.bodyLimit,
            bodyKept: parameters.keptBytes, enforcesVerification: parameters.verifiesTLS)
        if request.url.isSecure { options.verifier = try await verifier(of: request.url.host) }
        if let proxy = parameters.proxy, proxy.kind == .https {
            options.proxyVerifier = try await verifier(of: proxy.host)
        }
        return options
    }

    private func verifier(of host: Host) async throws(ProbeFailure) -> CertificateVerifier {
        if let trust = parameters.trust { return CertificateVerifier(trust: trust, host: host) }
        let trust = try await context.reactor.local(SystemTrust.self).store(
            until: context.deadline, for: context.span)
        return CertificateVerifier(trust: trust, host: host)
    }

    @inline(never)
    private func transfer(
        along route: HTTPRoute, _ policyRequest: PolicyRequest, _ options: CurlTransfer.Options
    ) throws(ProbeFailure) -> CurlTransfer {
        let (gate, source) = (context.gate, context.source)
        let multi = context.reactor.local(CurlMulti.self)
        let transfer = CurlTransfer(request, along: route, options, on: multi, time: context.time) {
            () throws(ProbeFailure) in
            try gate.openForLibrary(
                route.connect, type: CurlTransfer.socketType, protocol: 0, as: policyRequest, source: source)
        }
        if let transfer { return transfer }
        throw ProbeFailure(.connect, .localResourceExhausted, "The node has no memory for this request.")
    }

    private func take(_ transfer: CurlTransfer) {
        let dns = report.last.phases.dns
        report.last.phases = transfer.phases
        report.last.phases.dns = dns
        report.last.status = transfer.head.status
        report.last.httpVersion = transfer.httpVersion
        report.last.fields = transfer.head.joined
        report.last.tcp = transfer.tcp
        report.last.security =
            request.url.isSecure ? HTTPSecurity(transfer.handshake, seenAt: context.time.wallTime) : nil
        body = transfer.body.kept
        report.body = parameters.includesBody && transfer.head.isComplete ? body : nil
        report.bodyCount = transfer.head.isComplete ? transfer.body.count : nil
        let isEncoded = transfer.head.first("content-encoding") != nil && parameters.isCompressed
        report.encodedBodyCount = isEncoded ? transfer.easy.offset(CURLINFO_SIZE_DOWNLOAD_T) : nil
        report.isTruncated = transfer.body.isTruncated
    }

    // MARK: Names

    private func route() async throws(ProbeFailure) -> HTTPRoute {
        let started = context.now
        defer { report.last.phases.dns = context.now - started }
        let port = request.url.origin.port
        let given = request.url.host == firstHost ? parameters.resolveTo.map { SocketAddress($0, port: port) } : nil
        guard let proxy = parameters.proxy else {
            let target: SocketAddress
            if let given {
                // It comes past no look-up, where addresses are counted otherwise.
                try context.gate.admit(given.address, tool: context.tool)
                target = given
            } else {
                target = SocketAddress(try await address(of: request.url.host), port: port)
            }
            return HTTPRoute(connect: target, target: target)
        }
        let connect: SocketAddress
        do throws(ProbeFailure) {
            connect = SocketAddress(try await address(of: proxy.host), port: proxy.port)
        } catch {
            guard error.isMeasurement, error.code != .deadlineExceeded else { throw error }
            throw ProbeFailure(.resolve, .proxyFailed, "The proxy has no address: \(error.detail)")
        }
        var route = HTTPRoute(connect: connect, target: given, proxy: proxy)
        if given == nil, proxy.kind == .socks5 {
            route.target = SocketAddress(try await address(of: request.url.host), port: port)
        }
        return route
    }

    private func address(of host: Host) async throws(ProbeFailure) -> IPAddress {
        let resolution = try await context.resolve(host, by: try await resolver())
        guard let address = resolution.addresses.first else {
            throw ProbeFailure(.resolve, .noAddress, "\(host) has no address.")
        }
        return address
    }

    /// The node's, or one of the job's own that asks the name server that the job names, and no file.
    private func resolver() async throws(ProbeFailure) -> Resolver {
        guard case .server(let host, let port) = parameters.resolver else { return context.resolver }
        if let ownResolver { return ownResolver }
        guard let address = try await context.resolve(host).addresses.first else {
            throw ProbeFailure(.resolve, .noAddress, "The resolver \(host) has no address.")
        }
        var settings = ResolverSettings(servers: [SocketAddress(address, port: port ?? 53)])
        settings.purpose = .namedResolver
        let made = Resolver(reactor: context.reactor, configuration: ResolverConfiguration(settings: .fixed(settings)))
        ownResolver = made
        return made
    }

    // MARK: Between hops

    @inline(never)
    private func follow(_ location: String) throws(ProbeFailure) {
        let status = report.last.status ?? 0
        let next: HTTPURL
        do throws(InvalidInput) { next = try request.url.following(location) } catch {
            throw ProbeFailure(.response, .httpInvalidResponse, "The redirect cannot be followed: \(error.detail)")
        }
        guard report.redirects.count < parameters.maxRedirects else {
            throw ProbeFailure(
                .response, .tooManyRedirects, "There are more than \(parameters.maxRedirects) redirects.")
        }
        report.redirects.append(report.last.passed)
        request = request.redirected(by: status, to: next)
    }

    // MARK: The verdict

    /// Nil when the answer is what was expected.
    private func judge() async throws(ProbeFailure) -> ProbeFailure? {
        let status = report.last.status ?? 0
        let wanted = parameters.expectations
        if let proxy = parameters.proxy, status == 407, !proxy.tunnels(request.url), !wanted.namesStatus {
            return ProbeFailure(
                .response, .proxyFailed, "The proxy \(proxy.text) wants other credentials (status 407).")
        }
        var judge = HTTPJudge(report, body: body, on: context.reactor)
        for expectation in wanted.all {
            let step = context.span?.begin(.expectation, expectation.name)
            var result = try await judge.judge(expectation)
            if hides(expectation) { result.seen = .string(HeaderRedaction.marker) }
            report.expectations.append(result)
            step?.end(result.isMet ? "met" : "not met: \(result.complaint)", isFailed: !result.isMet)
        }
        var complaints: [String] = []
        if !wanted.namesStatus, !(200..<400).contains(status) {
            complaints.append("The server answered with status \(status).")
        }
        let unmet = report.expectations.filter { !$0.isMet }
        if !unmet.isEmpty {
            let verb = unmet.count == 1 ? "is" : "are"
            complaints.append(
                "\(unmet.count) of \(report.expectations.count) expectations \(verb) not met: "
                    + unmet.map(\.complaint).joined(separator: "; ") + ".")
        }
        guard !complaints.isEmpty else { return nil }
        return ProbeFailure(.expectation, .expectationFailed, complaints.joined(separator: " "))
    }

    /// What an expectation saw is reported, and must not tell what the report hides.
    private func hides(_ expectation: HTTPExpectation) -> Bool {
        if redaction.isEmpty { return false }
        if case .header(let name, _) = expectation.test { return redaction.hides(name) }
        guard expectation.readsBody else { return false }
        let fields = parameters.fields + (report.redirects + [report.last]).flatMap(\.fields)
        return HeaderRedaction.cleaned(body, of: redaction.secrets(in: fields)) != nil
    }
}
