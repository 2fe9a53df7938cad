/// Asks the configured servers for one name and family until one has an answer.
struct ServerRounds {
    let reactor: Reactor
    let settings: ResolverSettings
    /// The first server of this look-up (`rotate`).
    let offset: Int
    let tool: String
    /// Servers that do not repeat the case of the question; learnt here.
    var plainServers: Set<SocketAddress>

    mutating func ask(_ key: LookupKey) async -> (LookupAnswer, lifetime: Duration) {
        guard let name = DNSName(ascii: key.name) else {
            // The search list made it too long.
            return (.noSuchName, .zero)
        }
        var failure = ProbeFailure(.resolve, .resolveFailure, "No name server is configured.")
        // A server that has said that it cannot answer is not asked again; a silent one is.
        var servers = (0..<settings.servers.count).map { settings.servers[($0 + offset) % settings.servers.count] }
        for _ in 0..<settings.attempts {
            for server in servers {
                do throws(ProbeFailure) {
                    return AddressRecords.read(try await ask(server, name, key.type), for: key)
                } catch {
                    if error.code == .cancelled { return (.failed(error), .zero) }
                    let isSilence = error.code == .resolveTimeout
                    if !isSilence { servers.removeAll { $0 == server } }
                    if !isSilence || failure.code != .resolveRefused { failure = error }
                }
            }
        }
        return (.failed(failure), .zero)
    }

    /// The server's answer, NOERROR or NXDOMAIN; anything else is thrown, at stage `resolve`.
    private mutating func ask(
        _ server: SocketAddress, _ name: DNSName, _ type: DNSRecordType
    ) async throws(ProbeFailure) -> DNSAnswer {
        // As glibc asks by default: without EDNS, which addresses seldom need.
        var options = DNSQuery.Options()
        options.udpSize = 0
        var query = try DNSQuery(name, type, options)
        let workspace = reactor.local(DNSWorkspace.self)
        let mixes = !plainServers.contains(server)
        if mixes { query.mixCase(workspace.randomByte) }
        let request = PolicyRequest(tool: tool, purpose: .systemResolver, address: server.address, port: server.port)
        var exchange = DNSExchange(
            reactor, DNSServer(address: server, request: request), attempts: 1, patience: settings.timeout,
            deadline: .distantFuture)
        let answer: DNSAnswer
        do throws(ProbeFailure) {
            answer = try await exchange.run(&query, over: settings.transport).answer
        } catch {
            throw Self.failure(error, name)
        }
        if mixes, !query.isCaseMixed { plainServers.insert(server) }
        switch answer.responseCode {
        case .noError, .nameError: return answer
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
