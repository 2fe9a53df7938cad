/// Asks from the root down, without recursion, as a resolver with an empty cache would. Bounded in queries, aliases and
/// look-ups of name servers; a referral must lead downwards.
struct DNSWalk {
    static let mostQueries = 64
    static let mostAliases = 8
    static let mostAsides = 3
    /// Addresses tried of one zone's servers.
    static let mostTries = 6
    /// How long one server is waited for: there are others.
    static let patience = Duration.seconds(3)

    let context: ProbeContext
    let parameters: DNSParameters
    let options: DNSQuery.Options
    private(set) var hops: [DNSHop] = []
    private(set) var last: DNSExchange?
    /// Sent, retries included.
    private(set) var queries = 0
    private var zones: [CanonicalName: [DNSNameServer]] = [:]

    init(_ hints: RootHints, _ parameters: DNSParameters, _ context: ProbeContext) {
        self.context = context
        self.parameters = parameters
        var options = parameters.options
        options.recursionDesired = false
        self.options = options
        var servers = hints.servers.map { server in
            DNSNameServer(
                name: server.name.flatMap { DNSName(ascii: $0) }.map { CanonicalName($0) },
                addresses: server.addresses.map {
                    SocketAddress($0, port: server.port ?? parameters.port ?? DNSTransport.udp.defaultPort)
                })
        }
        if hints == .root {
            // Not every walk's first query is for the first of them.
            let offset = Int(context.reactor.local(DNSWorkspace.self).randomByte()) % servers.count
            servers = Array(servers[offset...] + servers[..<offset])
        }
        zones[.root] = servers
    }

    /// The reply that ends the walk.
    mutating func run(_ name: DNSName) async throws(ProbeFailure) -> DNSReply {
        try await walk(to: CanonicalName(name), parameters.type, depth: 0).reply
    }

    private mutating func walk(
        to question: CanonicalName, _ type: DNSRecordType, depth: Int
    ) async throws(ProbeFailure) -> (reply: DNSReply, sets: RecordSets) {
        var name = question
        var seen: Set<CanonicalName> = [name]
        while true {
            // DS is the parent's to answer.
            let place = type == .ds ? name.parent ?? .root : name
            let zone = zones.keys.filter { place.isAtOrBelow($0) }.max { $0.labelCount < $1.labelCount } ?? .root
            let (step, reply, sets) = try await ask(zone, name, type, depth)
            switch step {
            case .referral(let child, let servers): zones[child] = servers
            case .alias(let target):
                guard seen.insert(target).inserted else {
                    throw ProbeFailure(
                        .response, .resolveFailure, "The aliases lead in a circle: \(target) comes twice.")
                }
                guard seen.count <= Self.mostAliases else {
                    throw ProbeFailure(
                        .response, .resolveFailure, "There are more than \(Self.mostAliases) aliases in a row.")
                }
                name = target
            case .answer, .noData, .nameError, .lame: return (reply, sets)
            }
        }
    }

    // MARK: One zone

    /// Asks the zone's servers in turn until one of them is of use.
    private mutating func ask(
        _ zone: CanonicalName, _ name: CanonicalName, _ type: DNSRecordType, _ depth: Int
    ) async throws(ProbeFailure) -> (DNSWalkStep, DNSReply, RecordSets) {
        var tries = 0
        var failure: ProbeFailure?
        for server in zones[zone] ?? [] where tries < Self.mostTries {
            for address in try await addresses(of: server, zone, depth) where tries < Self.mostTries {
                guard hops.count < Self.mostQueries else {
                    throw ProbeFailure(
                        .response, .resolveFailure, "The walk takes more than \(Self.mostQueries) queries.")
                }
                tries += 1
                var hop = DNSHop(zone: zone, name, type, server: server.name)
                hop.address = address
                hop.isAside = depth > 0
                do throws(ProbeFailure) {
                    let (step, reply, sets) = try await ask(address, zone, name, type, &hop)
                    hops.append(hop)
                    guard case .lame(let reason) = step else { return (step, reply, sets) }
                    failure = ProbeFailure(.response, .resolveFailure, "\(address) is lame for \(zone): \(reason)")
                } catch {
                    hop.failure = error
                    hops.append(hop)
                    if Self.ends(error) { throw error }
                    failure = error
                }
            }
        }
        guard let failure else {
            throw ProbeFailure(.resolve, .noAddress, "No server of \(zone) has an address that can be used.")
        }
        let count = tries == 1 ? "The one server asked" : "All \(tries) servers asked"
        throw ProbeFailure(
            failure.stage, failure.code, "\(count) for \(name) in \(zone) failed. The last one: \(failure.detail)")
    }

    private static func ends(_ failure: ProbeFailure) -> Bool {
        [.cancelled, .deadlineExceeded, .localResourceExhausted, .permissionDenied].contains(failure.code)
    }

    private mutating func ask(
        _ address: SocketAddress, _ zone: CanonicalName, _ name: CanonicalName, _ type: DNSRecordType,
        _ hop: inout DNSHop
    ) async throws(ProbeFailure) -> (DNSWalkStep, DNSReply, RecordSets) {
        var query = try context.reactor.local(DNSWorkspace.self).query(DNSName(name), type, options)
        let attempts = parameters.retries + 1
        let share = (context.deadline - context.now) / (2 * attempts)
        let server = DNSServer(
            address: address, request: context.request(.referral, address.address, port: address.port),
            source: context.source)
        let exchange = DNSExchange(
            context.reactor, server, attempts: attempts, patience: min(Self.patience, share),
            deadline: context.deadline, for: context.span)
        exchange.keepsWire = true
        defer {
            last = exchange
            queries += exchange.tally.attempts
        }
        let reply = try await exchange.run(&query, over: parameters.transport)
        hop.duration = reply.duration
        hop.responseCode = reply.answer.responseCode
        hop.responseSize = reply.size
        let sets = try RecordSets(reply.wire ?? [])
        let step = DNSWalkStep(
            reply, sets, to: name, type, in: zone, port: parameters.port ?? DNSTransport.udp.defaultPort)
        hop.take(step, from: address, of: zone)
        return (step, reply, sets)
    }

    // MARK: Addresses of servers

    /// Those that came with the referral, or what a walk of its own finds.
    private mutating func addresses(
        of server: DNSNameServer, _ zone: CanonicalName, _ depth: Int
    ) async throws(ProbeFailure) -> [SocketAddress] {
        let usable = server.addresses.filter { context.family.allows($0.address.family) }
            .sorted { $0.address.family.rawValue < $1.address.family.rawValue }
        guard usable.isEmpty, server.addresses.isEmpty, let name = server.name else { return usable }
        // A name in the zone itself needs glue: only the zone could say where it is.
        guard depth < Self.mostAsides, !name.isAtOrBelow(zone) else { return [] }
        do throws(ProbeFailure) {
            let type: DNSRecordType = context.family == .v6 ? .aaaa : .a
            let (_, sets) = try await aside(name, type, depth + 1)
            let found = sets.answer.filter { $0.type == type }.flatMap(\.records)
                .compactMap { $0.bytes(0).flatMap { IPAddress(bytes: $0) } }
            return found.prefix(Self.mostTries).map {
                SocketAddress($0, port: parameters.port ?? DNSTransport.udp.defaultPort)
            }
        } catch {
            if Self.ends(error) || hops.count >= Self.mostQueries { throw error }
            return []
        }
    }

    /// The recursion, boxed: the compiler asks that of an async function that calls itself by way of others.
    private mutating func aside(
        _ name: CanonicalName, _ type: DNSRecordType, _ depth: Int
    ) async throws(ProbeFailure) -> (reply: DNSReply, sets: RecordSets) {
        try await walk(to: name, type, depth: depth)
    }
}

extension DNSHop {
    fileprivate mutating func take(_ step: DNSWalkStep, from address: SocketAddress, of zone: CanonicalName) {
        switch step {
        case .referral(let child, let servers):
            outcome = .referral
            referral = child.description
            nameServers = servers.compactMap { $0.name?.description }
        case .alias(let target):
            outcome = .alias
            alias = target.description
        case .answer: outcome = .answer
        case .noData: outcome = .noData
        case .nameError: outcome = .nameError
        case .lame(let reason):
            outcome = .lame
            failure = ProbeFailure(.response, .resolveFailure, "\(address) is lame for \(zone): \(reason)")
        }
    }
}
