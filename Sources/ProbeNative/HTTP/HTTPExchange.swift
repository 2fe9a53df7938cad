import CCurl

/// A job's requests from its URL to the end of the redirects, one transfer a hop.
struct HTTPExchange {
    private let parameters: HTTPParameters
    private let context: ProbeContext
    private let firstHost: Host
    private var request: HTTPRequest
    private var report: HTTPReport

    /// As what the policy is asked for the first hop.
    private let purpose: Purpose

    init(_ target: HTTPURL, _ parameters: HTTPParameters, _ context: ProbeContext, as purpose: Purpose = .target) {
        self.purpose = purpose
        self.parameters = parameters
        self.context = context
        firstHost = target.host
        request = HTTPRequest(
            url: target, method: parameters.method, fields: parameters.fields, body: parameters.body)
        report = HTTPReport(request)
    }

    mutating func run() async -> ProbeOutcome {
        do throws(ProbeFailure) {
            let bodyShare =
                parameters.includesBody
                ? try await context.reactor.local(BodyBudget.self).bytes
                    .draw(parameters.bodyLimit, until: context.deadline, stage: .connect) : nil
            defer { withExtendedLifetime(bodyShare) {} }
            while let location = try await hop() { try follow(location) }
            try judge()
            return outcome(nil)
        } catch {
            return outcome(error)
        }
    }

    private func outcome(_ failure: ProbeFailure?) -> ProbeOutcome {
        ProbeOutcome(report, failure: failure, resolvedAddress: report.last.address)
    }

    // MARK: One hop

    /// Runs one request; returns the Location that is to be followed.
    private mutating func hop() async throws(ProbeFailure) -> String? {
        report.last = HTTPHop(url: request.url.text, phases: HTTPPhases())
        let address = try await resolve()
        report.last.address = address.address
        let purpose: Purpose = report.redirects.isEmpty ? purpose : .redirect
        let policyRequest = context.request(purpose, address.address, port: address.port)
        try context.gate.check(policyRequest)
        let share = try await context.gate.descriptors.draw(until: context.deadline, stage: .connect)
        defer { withExtendedLifetime(share) {} }
        let verifier = try await verifier()
        let transfer = try transfer(to: address, policyRequest, verifier)
        let reason = await context.reactor.local(CurlMulti.self).run(transfer, until: context.deadline)
        take(transfer)
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

    private mutating func resolve() async throws(ProbeFailure) -> SocketAddress {
        let started = context.now
        defer { report.last.phases.dns = context.now - started }
        let port = request.url.origin.port
        if let address = parameters.resolveTo, request.url.host == firstHost {
            return SocketAddress(address, port: port)
        }
        let resolution = try await context.resolve(request.url.host)
        guard let address = resolution.addresses.first else {
            throw ProbeFailure(.resolve, .noAddress, "\(request.url.host) has no address.")
        }
        return SocketAddress(address, port: port)
    }

    private func verifier() async throws(ProbeFailure) -> CertificateVerifier? {
        guard request.url.isSecure else { return nil }
        if let trust = parameters.trust { return CertificateVerifier(trust: trust, host: request.url.host) }
        let trust = try await context.reactor.local(SystemTrust.self).store(until: context.deadline)
        return CertificateVerifier(trust: trust, host: request.url.host)
    }

    private func transfer(
        to address: SocketAddress, _ policyRequest: PolicyRequest, _ verifier: CertificateVerifier?
    ) throws(ProbeFailure) -> CurlTransfer {
        let options = CurlTransfer.Options(
            version: parameters.version, isCompressed: parameters.isCompressed, bodyLimit: parameters.bodyLimit,
            keepsBody: parameters.includesBody, enforcesVerification: parameters.verifiesTLS)
        let (gate, source) = (context.gate, context.source)
        let transfer = CurlTransfer(request, to: address, options, verifier: verifier, time: context.time) {
            () throws(ProbeFailure) in
            try gate.openForLibrary(
                address, type: CurlTransfer.socketType, protocol: 0, as: policyRequest, source: source)
        }
        if let transfer { return transfer }
        throw ProbeFailure(.connect, .localResourceExhausted, "The node has no memory for this request.")
    }

    private mutating func take(_ transfer: CurlTransfer) {
        let dns = report.last.phases.dns
        report.last.phases = transfer.phases
        report.last.phases.dns = dns
        report.last.status = transfer.head.status
        report.httpVersion = transfer.httpVersion
        report.fields = transfer.head.joined
        report.body = parameters.includesBody && transfer.head.isComplete ? transfer.body.kept : nil
        report.bodyCount = transfer.head.isComplete ? transfer.body.count : nil
        let isEncoded = transfer.head.first("content-encoding") != nil && parameters.isCompressed
        report.encodedBodyCount = isEncoded ? transfer.easy.offset(CURLINFO_SIZE_DOWNLOAD_T) : nil
        report.isTruncated = transfer.body.isTruncated
        report.security =
            request.url.isSecure
            ? HTTPSecurity(
                version: transfer.handshake.version, cipher: transfer.handshake.cipher,
                verdict: transfer.handshake.verdict, seenAt: context.time.wallTime) : nil
    }

    // MARK: Between hops

    private mutating func follow(_ location: String) throws(ProbeFailure) {
        let status = report.last.status ?? 0
        let next: HTTPURL
        do throws(InvalidInput) { next = try request.url.following(location) } catch {
            throw ProbeFailure(.response, .httpInvalidResponse, "The redirect cannot be followed: \(error.detail)")
        }
        guard report.redirects.count < parameters.maxRedirects else {
            throw ProbeFailure(
                .response, .tooManyRedirects, "There are more than \(parameters.maxRedirects) redirects.")
        }
        report.redirects.append(report.last)
        request = request.redirected(by: status, to: next)
    }

    private func judge() throws(ProbeFailure) {
        guard let status = report.last.status, (200..<400).contains(status) else {
            throw ProbeFailure(
                .expectation, .expectationFailed, "The server answered with status \(report.last.status ?? 0).")
        }
    }
}
