/// What a name resolved to.
public struct Resolution: Sendable, Hashable {
    /// In the order in which they should be tried: IPv4 first, else as the server sent them.
    public var addresses: [IPAddress]
    public var duration: Duration
    public var fromCache: Bool

    public init(addresses: [IPAddress], duration: Duration, fromCache: Bool) {
        self.addresses = addresses
        self.duration = duration
        self.fromCache = fromCache
    }
}

/// Looks names up for every tool of a reactor: hosts(5), then the servers and the search list of resolv.conf(5), with a
/// cache. docs/internals/resolver.md tells its rules.
public final class Resolver: ReactorLocal, @unchecked Sendable {
    // @unchecked: confined to its reactor's thread.

    /// With an IPv4 address in hand, how long an IPv6 answer may still take (the resolution delay of RFC 8305
    /// section 3).
    static let patienceForV6 = Duration.milliseconds(50)
    /// The other way round. IPv4 goes first, so that one lost packet should not change what is measured.
    static let patienceForV4 = Duration.seconds(1)

    private let reactor: Reactor
    private var files: ResolverFiles
    private var cache = ResolverCache()
    private var running: [LookupKey: Lookup] = [:]
    private var plainServers: Set<SocketAddress> = []
    private var turn = 0

    public init(reactor: Reactor, configuration: ResolverConfiguration) {
        self.reactor = reactor
        files = ResolverFiles(configuration)
    }

    public convenience init(reactor: Reactor) { self.init(reactor: reactor, configuration: .system) }

    /// The configured servers, in order.
    public var servers: [SocketAddress] {
        refresh()
        return files.settings.servers
    }

    /// The addresses of `host` in the wanted families; a literal is never looked up.
    /// - Throws: at stage `resolve`: `resolve_nxdomain`, `resolve_timeout`, `resolve_refused`, `resolve_failure`, or
    ///   `no_address` when the name has none of the wanted family; `deadline_exceeded` and `cancelled`.
    nonisolated(nonsending) public func resolve(
        _ host: Host, _ wanted: FamilyChoice, tool: String, until deadline: Instant, for span: Span? = nil
    ) async throws(ProbeFailure) -> Resolution {
        switch host {
        case .address(let address):
            guard wanted.allows(address.family) else {
                throw ProbeFailure(.resolve, .noAddress, "\(address) is not an IPv\(wanted.rawValue) address.")
            }
            return Resolution(addresses: [address], duration: .zero, fromCache: false)
        case .name(let name):
            let start = reactor.now
            refresh()
            if let addresses = knownWithoutAsking(name, wanted) {
                span?.note(.lookup, name, "known without asking")
                return Resolution(addresses: addresses, duration: reactor.now - start, fromCache: false)
            }
            var search = SearchVerdict(name, wanted)
            for candidate in files.settings.candidates(for: name) {
                let step = try await lookUp(candidate, wanted, tool, until: deadline, for: span)
                if !step.addresses.isEmpty {
                    return Resolution(
                        addresses: step.addresses, duration: reactor.now - start, fromCache: step.fromCache)
                }
                if search.isOver(after: step.answer, isAsGiven: candidate + "." == name || candidate == name) { break }
            }
            throw search.failure
        }
    }

    /// The names of `address`: those of hosts(5), else its PTR records, without final dots. Empty when it has none.
    /// - Throws: at stage `resolve`: `resolve_timeout`, `resolve_refused`, `resolve_failure`; `deadline_exceeded` and
    ///   `cancelled`.
    public func names(
        of address: IPAddress, tool: String, until deadline: Instant, for span: Span? = nil
    ) async throws(ProbeFailure) -> [String] {
        refresh()
        let listed = files.hosts.names(of: address)
        if !listed.isEmpty { return listed }
        let lookup = join(LookupKey(naming: address), tool, span)
        defer { leave(lookup) }
        while lookup.answer == nil {
            switch await reactor.park(until: deadline, { lookup.wake($0) }) {
            case .ready: continue
            case .timeout: throw .deadline(.resolve)
            case .cancelled: throw .cancelled(.resolve)
            }
        }
        switch lookup.answer {
        case .names(let names): return names
        case .failed(let failure): throw failure
        case .addresses, .noData, .noSuchName, nil: return []
        }
    }

    /// For a tool that reports the servers' answer itself: asked anew each time, neither shared nor kept.
    func rounds(tool: String) -> ServerRounds {
        refresh()
        return ServerRounds(
            reactor: reactor, settings: files.settings, offset: 0, tool: tool, plainServers: plainServers)
    }

    private func refresh() {
        guard files.refresh(reactor.now) else { return }
        cache.removeAll()
        plainServers.removeAll()
    }

    /// hosts(5), then the loopback names of RFC 6761 section 6.3, which no server is asked for.
    private func knownWithoutAsking(_ name: String, _ wanted: FamilyChoice) -> [IPAddress]? {
        let listed = files.hosts.addresses(of: name).filter { wanted.allows($0.family) }
        if !listed.isEmpty { return listed.filter { $0.family == .v4 } + listed.filter { $0.family == .v6 } }
        let bare = name.hasSuffix(".") ? name.dropLast() : Substring(name)
        guard bare == "localhost" || bare.hasSuffix(".localhost") else { return nil }
        return [IPAddress(v4: 0x7f00_0001), IPAddress(v6High: 0, low: 1)].filter { wanted.allows($0.family) }
    }

    // MARK: One candidate

    private struct Step {
        var addresses: [IPAddress]
        /// The verdict when there are no addresses.
        var answer: LookupAnswer
        var fromCache: Bool
    }

    private func lookUp(
        _ name: String, _ wanted: FamilyChoice, _ tool: String, until deadline: Instant, for span: Span?
    ) async throws(ProbeFailure) -> Step {
        let start = reactor.now
        let lookups = IPAddress.Family.allCases.filter(wanted.allows).map { family in
            join(LookupKey(name: name, family: family), tool, span)
        }
        let fromCache = lookups.allSatisfy { $0.answer != nil }
        defer { for lookup in lookups { leave(lookup) } }
        var end = deadline
        while let pending = lookups.first(where: { $0.answer == nil }) {
            if lookups.contains(where: { $0.answer?.addresses.isEmpty == false }), end == deadline {
                end = min(deadline, reactor.now + patience(for: pending, since: start))
            }
            let reason = await reactor.park(until: end) { token in
                for lookup in lookups where lookup.answer == nil { lookup.wake(token) }
            }
            if reason == .cancelled { throw .cancelled(.resolve) }
            if reason == .timeout {
                if end == deadline { throw .deadline(.resolve) }
                pending.mayOutliveInterest = true
                break
            }
        }
        let answers = lookups.compactMap(\.answer)
        return Step(addresses: answers.flatMap(\.addresses), answer: Self.verdict(answers), fromCache: fromCache)
    }

    /// What this job may still wait for the other family: less for a look-up that others have waited for before.
    private func patience(for pending: Lookup, since start: Instant) -> Duration {
        let whole = pending.key.wanted == .addresses(.v4) ? Self.patienceForV4 : Self.patienceForV6
        return max(.zero, whole - (start - pending.startedAt))
    }

    /// Of two families without addresses: a failure leaves the question open, so it counts most.
    private static func verdict(_ answers: [LookupAnswer]) -> LookupAnswer {
        for answer in answers { if case .failed = answer { return answer } }
        return answers.allSatisfy { $0 == .noSuchName } ? .noSuchName : .noData
    }

    // MARK: Look-ups in flight

    private func join(_ key: LookupKey, _ tool: String, _ span: Span?) -> Lookup {
        let now = reactor.now
        if let answer = cache.answer(key, at: now) {
            span?.note(.lookup, "\(key.name) \(key.type)", "cached: \(answer.summary)")
            return Lookup(key, startedAt: now, answer: answer)
        }
        if running[key] != nil { span?.note(.lookup, "\(key.name) \(key.type)", "asked already, joined") }
        let lookup = running[key] ?? start(key, tool, now, span)
        lookup.interest += 1
        return lookup
    }

    private func start(_ key: LookupKey, _ tool: String, _ now: Instant, _ span: Span?) -> Lookup {
        let lookup = Lookup(key, startedAt: now)
        let span = span?.begin(.lookup, "\(key.name) \(key.type)", at: now)
        running[key] = lookup
        turn = files.settings.rotate ? turn &+ 1 : 0
        let rounds = ServerRounds(
            reactor: reactor, settings: files.settings, offset: turn & 0xff, tool: tool, plainServers: plainServers,
            purpose: files.settings.purpose, span: span)
        lookup.task = reactor.spawn { [self] in
            var rounds = rounds
            let (answer, lifetime) = await rounds.ask(key)
            plainServers.formUnion(rounds.plainServers)
            if running[key] === lookup { running[key] = nil }
            cache.keep(answer, for: key, lifetime: lifetime, at: reactor.now)
            if case .failed(let failure) = answer { span?.fail(failure) } else { span?.end(answer.summary) }
            lookup.finish(answer, reactor)
        }
        return lookup
    }

    /// A look-up that nobody waits for any more is ended, its socket closed.
    private func leave(_ lookup: Lookup) {
        lookup.interest -= 1
        guard lookup.interest <= 0, lookup.answer == nil, !lookup.mayOutliveInterest else { return }
        if running[lookup.key] === lookup { running[lookup.key] = nil }
        lookup.task?.cancel()
    }
}
