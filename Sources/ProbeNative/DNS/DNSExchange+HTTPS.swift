/// Over HTTPS (RFC 8484), by POST: the query is the body, and no cache on the way answers for the server.
extension DNSExchange {
    private static let mediaType = "application/dns-message"

    func runHTTPS(_ query: inout DNSQuery) async throws(ProbeFailure) -> DNSReply {
        tally.transport = .https
        // For the sake of caches (section 4.1).
        query.id = 0
        for _ in 1..<attempts {
            do throws(ProbeFailure) {
                return try await post(query)
            } catch {
                guard error.code == .resolveTimeout || error.code == .connectionTimeout else { throw error }
            }
        }
        return try await post(query)
    }

    private func post(_ query: DNSQuery) async throws(ProbeFailure) -> DNSReply {
        let end = min(deadline, reactor.now + patience)
        tally.attempts += 1
        let step = span?.begin(.query, name(query, over: .https))
        do throws(ProbeFailure) {
            try gate.check(server.request, for: step)
            let share = try await gate.descriptors.draw(until: end, stage: .connect)
            defer { withExtendedLifetime(share) {} }
            let transfer = try await transfer(query, until: end)
            let reason = await reactor.local(CurlMulti.self).run(transfer, until: end)
            if let step { transfer.record(in: step) }
            let phases = transfer.phases
            tally.connectTime = phases.connect
            tally.tlsTime = phases.tls
            switch reason {
            case .ready: if let failure = transfer.failure { throw failure }
            case .cancelled: throw .cancelled(transfer.stage)
            case .timeout: throw silence(at: transfer.stage)
            }
            let reply = try reply(to: query, transfer)
            step?.end(reply.summary)
            return reply
        } catch {
            step?.fail(error)
            if error.code == .resolveTimeout, end == deadline { throw .deadline(error.stage) }
            throw error
        }
    }

    private func silence(at stage: Stage) -> ProbeFailure {
        var failure = silence()
        failure.stage = stage
        return failure
    }

    private func transfer(_ query: DNSQuery, until end: Instant) async throws(ProbeFailure) -> CurlTransfer {
        guard let security = server.security, let url = security.url else {
            throw ProbeFailure(.request, .internalError, "The resolver \(server.address) has no URL.")
        }
        let request = HTTPRequest(
            url: url, method: .post,
            fields: [HTTPField("Content-Type", Self.mediaType), HTTPField("Accept", Self.mediaType)], body: query.wire)
        let options = CurlTransfer.Options(
            isCompressed: false, bodyLimit: DNSWorkspace.messageLimit, bodyKept: DNSWorkspace.messageLimit,
            enforcesVerification: security.verifies, verifier: try await security.verifier(reactor, until: end))
        let (gate, server) = (gate, server)
        let route = HTTPRoute(connect: server.address, target: server.address)
        let multi = reactor.local(CurlMulti.self)
        let transfer = CurlTransfer(request, along: route, options, on: multi, time: reactor.time) {
            () throws(ProbeFailure) in
            try gate.openForLibrary(
                server.address, type: CurlTransfer.socketType, protocol: 0, as: server.request, source: server.source)
        }
        if let transfer { return transfer }
        throw ProbeFailure(.connect, .localResourceExhausted, "The node has no memory for this request.")
    }

    /// The message in a finished transfer. Only status 200 carries one (section 4.2.1).
    private func reply(to query: DNSQuery, _ transfer: CurlTransfer) throws(ProbeFailure) -> DNSReply {
        let status = transfer.head.status ?? 0
        guard status == 200 else {
            throw ProbeFailure(
                .response, .httpInvalidResponse, "\(server.address) answered with HTTP status \(status), not 200.")
        }
        let given = transfer.head.first("content-type") ?? ""
        guard given.prefix(while: { $0 != ";" && $0 != " " }).lowercased() == Self.mediaType else {
            throw ProbeFailure(
                .response, .httpInvalidResponse,
                "\(server.address) answered with content of type \(given.quotedForMessage), not \(Self.mediaType).")
        }
        guard !transfer.body.isTruncated else {
            throw ProbeFailure(
                .response, .protocolError, "\(server.address) sent more than a DNS message can hold.")
        }
        let phases = transfer.phases
        let duration = [phases.send, phases.wait, phases.transfer].compactMap { $0 }.reduce(.zero, +)
        let result: Result<DNSReply, ProbeFailure> = transfer.body.kept.withUnsafeBytes { bytes in
            guard query.match(bytes, ids: CollectionOfOne(query.id)) != .other else {
                return .failure(
                    ProbeFailure(
                        .response, .protocolError,
                        "\(server.address) sent a message that does not answer the query."))
            }
            do throws(ProbeFailure) { return .success(try reply(bytes, took: duration)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
