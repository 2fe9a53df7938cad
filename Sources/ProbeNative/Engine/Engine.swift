/// Why a running probe is to stop before it is done.
public enum StopReason: Sendable, Hashable { case deadline, cancelled, shutdown }

public struct EngineConfiguration: Sendable {
    /// Nil: as many as `rawSockets` are for; without them one a core, at most four.
    public var reactors: Int?
    /// Opened at start-up. Nil: probes that need them say that they were not.
    public var rawSockets: RawSockets?
    public var time: any TimeSource = SystemTime()
    public var policy: any AddressPolicy = AllowAll()
    /// Sockets that probes may hold together. Nil: RLIMIT_NOFILE less 200 for everything else.
    public var descriptors: Int?
    /// Where the node's own look-ups go.
    public var resolver = ResolverConfiguration.system
    /// Bytes of response bodies that probes may hold together.
    public var bodyBytes = 64 << 20

    public init() {}
}

/// Runs prepared probes on its reactors, and enforces their deadlines.
public final class Engine: Sendable {
    public let registry: ToolRegistry
    public let reactors: ReactorGroup
    public let time: any TimeSource

    public init(_ configuration: EngineConfiguration = EngineConfiguration(), registry: ToolRegistry) throws(Errno) {
        self.registry = registry
        time = configuration.time
        let raised = try Syscalls.raiseDescriptorLimit()
        let sockets = configuration.rawSockets
        reactors = try ReactorGroup(count: configuration.reactors ?? sockets?.count, time: configuration.time)
        let count = reactors.reactors.count
        let descriptors = (configuration.descriptors ?? raised - 200) / count
        for reactor in reactors.reactors {
            reactor.submit {
                reactor.install(
                    Gate(reactor: reactor, policy: configuration.policy, descriptorLimit: descriptors))
                reactor.install(Resolver(reactor: reactor, configuration: configuration.resolver))
                let share = sockets.flatMap {
                    $0.shares.indices.contains(reactor.index) ? $0.shares[reactor.index] : nil
                }
                reactor.install(ICMPEngine(reactor: reactor, share: share))
                reactor.install(SYNEngine(reactor: reactor, share: share))
                reactor.install(BodyBudget(reactor: reactor, limit: configuration.bodyBytes / count))
            }
        }
    }

    /// Ends the reactors' threads. Nothing may run any more.
    public func stop() { reactors.stop() }

    /// Another policy, for whatever probes ask from now on; what is connected stays so.
    public func setPolicy(_ policy: any AddressPolicy) {
        for reactor in reactors.reactors { reactor.submit { reactor.local(Gate.self).policy = policy } }
    }

    /// Starts a probe. `completion` is called exactly once, on the reactor's thread: when the tool is done, or a moment
    /// after the deadline when it does not stop. `permit` is held until the tool has really ended. What is done becomes
    /// part of `span`, whose record `completion` may take.
    @discardableResult
    public func start(
        _ probe: PreparedProbe, deadline: Instant, queued: Duration = .zero, permit: (any Sendable)? = nil,
        progress: (@Sendable (any Report) -> Void)? = nil, span: Span? = nil,
        completion: @escaping @Sendable (ProbeResult) -> Void
    ) -> RunningProbe {
        let reactor = reactors.next()
        let running = RunningProbe(reactor, probe, queued: queued, span: span, completion: completion)
        let context = ProbeContext(
            tool: probe.tool, reactor: reactor, deadline: deadline, family: probe.common.family,
            source: probe.common.source, progress: progress)
        reactor.submit { running.begin(context, permit: permit) }
        return running
    }

    /// Runs a probe and waits for it. With the task's cancellation it is stopped, and answers so.
    public func run(
        _ probe: PreparedProbe, timeout: Duration? = nil, progress: (@Sendable (any Report) -> Void)? = nil
    ) async -> ProbeResult {
        let deadline = time.now + (timeout ?? probe.defaultTimeout)
        let running = Locked<RunningProbe?>(nil)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let probe = start(probe, deadline: deadline, progress: progress) { continuation.resume(returning: $0) }
                running.withLock { $0 = probe }
                // Cancelled before there was anything to stop.
                if Task.isCancelled { probe.stop(.cancelled) }
            }
        } onCancel: {
            running.withLock { $0 }?.stop(.cancelled)
        }
    }
}

extension PreparedProbe {
    /// The larger of 30 s and what the parameters need, unless they say.
    public var defaultTimeout: Duration { common.timeout ?? max(.seconds(30), expectedDuration) }
}

/// The bytes of response bodies that the probes of a reactor hold.
public final class BodyBudget: ReactorLocal {
    public let bytes: Budget

    init(reactor: Reactor, limit: Int) { bytes = Budget(reactor, limit: limit) }
    public convenience init(reactor: Reactor) { self.init(reactor: reactor, limit: 16 << 20) }
}
