/// What a tool runs with. It lives on one reactor; everything reached from here is confined to that reactor's thread.
public struct ProbeContext: Sendable {
    public var tool: String
    public var reactor: Reactor
    /// Absolute; the engine cancels the task at this instant. No layer starts a clock of its own.
    public var deadline: Instant
    public var family: FamilyChoice
    public var source: Gate.Source?
    /// Takes partial reports of long work; nil when nobody asked for them.
    public var progress: (@Sendable (any Report) -> Void)?
    /// What this is a part of; nil when nobody wants to know.
    public var span: Span?

    public init(
        tool: String, reactor: Reactor, deadline: Instant, family: FamilyChoice = .any, source: Gate.Source? = nil,
        progress: (@Sendable (any Report) -> Void)? = nil, span: Span? = nil
    ) {
        self.tool = tool
        self.reactor = reactor
        self.deadline = deadline
        self.family = family
        self.source = source
        self.progress = progress
        self.span = span
    }

    /// The same for a part of the work.
    func within(_ span: Span?) -> ProbeContext {
        var context = self
        context.span = span
        return context
    }

    public var now: Instant { reactor.now }
    public var time: any TimeSource { reactor.time }
    public var gate: Gate { reactor.local(Gate.self) }
    public var resolver: Resolver { reactor.local(Resolver.self) }

    /// A name's addresses, all of which the policy allows; a literal as it is, for the gate to judge.
    /// - Parameter own: a resolver of the job's own, to be asked instead of the node's.
    nonisolated(nonsending) public func resolve(
        _ host: Host, by own: Resolver? = nil
    ) async throws(ProbeFailure) -> Resolution {
        let resolver = own ?? resolver
        let span = span?.begin(.resolve, "\(host)")
        do throws(ProbeFailure) {
            // Before the look-up too: a denied name is not even told to a name server.
            if case .name(let name) = host { try gate.check(name: name, addresses: [], tool: tool, for: span) }
            let resolution = try await resolver.resolve(host, family, tool: tool, until: deadline, for: span)
            if case .name(let name) = host {
                try gate.check(name: name, addresses: resolution.addresses, tool: tool, for: span)
            }
            if let address = resolution.addresses.first { try gate.admit(address, tool: tool) }
            span?.end(resolution.addresses.map(\.description).joined(separator: ", "))
            return resolution
        } catch {
            span?.fail(error)
            throw error
        }
    }

    public func request(_ purpose: Purpose, _ address: IPAddress, port: UInt16?) -> PolicyRequest {
        PolicyRequest(tool: tool, purpose: purpose, address: address, port: port)
    }
}
