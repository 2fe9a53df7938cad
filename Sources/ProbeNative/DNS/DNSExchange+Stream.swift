/// Over TCP and TLS: each message has its length before it (RFC 1035 section 4.2.2, RFC 7858 section 3.3).
extension DNSExchange {
    func runStream(
        _ query: inout DNSQuery, _ transport: DNSTransport
    ) async throws(ProbeFailure) -> DNSReply {
        tally.transport = transport
        for _ in 1..<attempts {
            do throws(ProbeFailure) {
                return try await ask(&query, over: transport)
            } catch {
                guard error.code == .resolveTimeout || error.code == .connectionTimeout else { throw error }
            }
        }
        return try await ask(&query, over: transport)
    }

    private func ask(
        _ query: inout DNSQuery, over transport: DNSTransport
    ) async throws(ProbeFailure) -> DNSReply {
        let end = min(deadline, reactor.now + patience)
        let step = span?.begin(.query, name(query, over: transport))
        do throws(ProbeFailure) {
            let stream = try await connect(transport, until: end, for: step)
            // The measured connection leaves no TIME_WAIT behind.
            defer { stream.closeWithReset() }
            query.id = workspace.randomID()
            tally.attempts += 1
            let sentAt = reactor.now
            try await stream.write(
                EDNSOption.big(UInt16(query.wire.count)) + query.wire, until: end, stage: .request,
                timeout: .resolveTimeout)
            let reply = try await receive(query, stream, since: sentAt, until: end)
            step?.end(reply.summary)
            return reply
        } catch {
            step?.fail(error)
            let isTimeout = error.code == .connectionTimeout || error.code == .resolveTimeout
            if isTimeout, end == deadline, reactor.now >= deadline { throw .deadline(error.stage) }
            throw error.code == .resolveTimeout ? silence() : error
        }
    }

    private func connect(
        _ transport: DNSTransport, until end: Instant, for span: Span?
    ) async throws(ProbeFailure) -> any ByteStream {
        let start = reactor.now
        let socket = try await gate.connect(
            .tcp, to: server.address, as: server.request, source: server.source, until: end, for: span)
        tally.connectTime = reactor.now - start
        socket.setNoDelay()
        guard transport == .tls, let security = server.security else { return socket }
        var options = TLSOptions(security.verifies ? .enforcing : .measuring, alpn: ["dot"], trust: security.trust)
        options.serverName = security.host
        let secure = try await TLSStream.connect(
            over: socket, to: security.host, options, peer: "\(server.address)", on: reactor, until: end,
            timeout: .connectionTimeout, for: span)
        tally.tlsTime = secure.handshakeDuration
        return secure
    }

    private func receive(
        _ query: DNSQuery, _ stream: any ByteStream, since sentAt: Instant, until end: Instant
    ) async throws(ProbeFailure) -> DNSReply {
        var reader = StreamReader(stream, stage: .response, timeout: .resolveTimeout)
        for strangers in 0..<Self.mostStrangers {
            let message = try await message(&reader, isFirst: strangers == 0, until: end)
            let now = reactor.now
            let result: Result<DNSReply, ProbeFailure>? = message.withUnsafeBytes { bytes in
                guard query.match(bytes, ids: CollectionOfOne(query.id)) != .other else { return nil }
                do throws(ProbeFailure) {
                    return .success(try reply(bytes, took: now - sentAt))
                } catch { return .failure(error) }
            }
            if let result { return try result.get() }
            tally.ignored += 1
        }
        // Nobody else can write into this connection: a server that sends rubbish is not waited for.
        throw ProbeFailure(
            .response, .protocolError, "\(server.address) sends messages that do not answer the query.")
    }

    private func message(
        _ reader: inout StreamReader, isFirst: Bool, until end: Instant
    ) async throws(ProbeFailure) -> [UInt8] {
        var hasBegun = false
        do throws(ProbeFailure) {
            let length = try await reader.exactly(2, until: end)
            hasBegun = true
            return try await reader.exactly(Int(length[0]) << 8 | Int(length[1]), until: end)
        } catch {
            guard error.code == .truncated else { throw error }
            if isFirst, !hasBegun, reader.pending.isEmpty {
                throw ProbeFailure(
                    .response, .connectionReset, "\(server.address) closed the connection without an answer.")
            }
            throw ProbeFailure(
                .response, .truncated, "\(server.address) closed the connection in the middle of its answer.")
        }
    }

    private static let mostStrangers = 64
}
