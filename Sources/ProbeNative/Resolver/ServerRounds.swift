/// Asks the configured servers one question until one has an answer.
struct ServerRounds: Sendable {
    let reactor: Reactor
    var settings: ResolverSettings
    /// The first server of this look-up (`rotate`).
    let offset: Int
    let tool: String
    /// Servers that do not repeat the case of the question; learnt here.
    var plainServers: Set<SocketAddress>
    /// As what the gate is asked for a server.
    var purpose = Purpose.systemResolver
    var source: Gate.Source?
    /// What the queries are a part of.
    var span: Span?

    mutating func ask(_ key: LookupKey) async -> (LookupAnswer, lifetime: Duration) {
        guard let name = DNSName(ascii: key.name) else {
            // The search list made it too long.
            return (.noSuchName, .zero)
        }
        do throws(ProbeFailure) {
            return LookupRecords.read(try await reply(to: name, key.type).reply.answer, for: key)
        } catch {
            return (.failed(error), .zero)
        }
    }

    /// The first answer, NOERROR or NXDOMAIN, and whose it is.
    /// - Throws: at stage `resolve`, the last server's failure.
    mutating func reply(
        to name: DNSName, _ type: DNSRecordType
    ) async throws(ProbeFailure) -> (reply: DNSReply, server: SocketAddress) {
        var failure = ProbeFailure(.resolve, .resolveFailure, "No name server is configured.")
        // A server that has said that it cannot answer is not asked again; a silent one is.
        var servers = (0..<settings.servers.count).map { settings.servers[($0 + offset) % settings.servers.count] }
        for _ in 0..<settings.attempts {
            for server in servers {
                do throws(ProbeFailure) {
                    return (try await ask(server, name, type), server)
                } catch {
                    if error.code == .cancelled { throw error }
                    let isSilence = error.code == .resolveTimeout
                    if !isSilence { servers.removeAll { $0 == server } }
                    if !isSilence || failure.code != .resolveRefused { failure = error }
                }
            }
        }
        throw failure
    }

    private mutating func ask(
        _ server: SocketAddress, _ name: DNSName, _ type: DNSRecordType
    ) async throws(ProbeFailure) -> DNSReply {
        // As glibc asks by default: without EDNS, which addresses seldom need.
        var options = DNSQuery.Options()
        options.udpSize = 0
        let workspace = reactor.local(DNSWorkspace.self)
        var query = try workspace.query(name, type, options)
        let mixes = !plainServers.contains(server)
        if mixes { query.mixCase(workspace.randomByte) }
        let request = PolicyRequest(tool: tool, purpose: purpose, address: server.address, port: server.port)
        let exchange = DNSExchange(
            reactor, DNSServer(address: server, request: request, source: source), attempts: 1,
            patience: settings.timeout, deadline: .distantFuture, for: span)
        let reply: DNSReply
        do throws(ProbeFailure) {
            reply = try await exchange.run(&query, over: settings.transport)
        } catch {
            throw Self.failure(error, name)
        }
        if mixes, !query.isCaseMixed { plainServers.insert(server) }
        switch reply.answer.responseCode {
        case .noError, .nameError: return reply
        case .refused: throw ProbeFailure(.resolve, .resolveRefused, "\(server) refused to resolve \(name) (REFUSED).")
        case let code: throw ProbeFailure(.resolve, .resolveFailure, "\(server) could not resolve \(name) (\(code)).")
        }
    }

    /// What went wrong on the way to the server is a failure of resolving, whose codes say no more than that.
    private static func failure(_ error: ProbeFailure, _ name: DNSName) -> ProbeFailure {
        switch error.code {
        case .policyDenied, .localResourceExhausted, .cancelled: return error
        case .resolveTimeout, .connectionTimeout:
            return ProbeFailure(.resolve, .resolveTimeout, "Resolving \(name): \(error.detail)")
        default: return ProbeFailure(.resolve, .resolveFailure, "Resolving \(name): \(error.detail)")
        }
    }
}
