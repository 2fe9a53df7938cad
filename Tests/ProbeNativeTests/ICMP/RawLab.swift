import ProbeTesting
import Testing

@testable import ProbeNative

/// Raw sockets on two reactors, for the suites that probe loopback with them.
enum RawLab {
    static let sockets = RawSockets.open(reactors: 2)
    static let engine: Engine? = {
        var configuration = EngineConfiguration()
        configuration.rawSockets = sockets
        return try? Engine(configuration, registry: ToolRegistry([]))
    }()

    static var isAvailable: Bool { sockets.failure(.v4) == nil && sockets.failure(.v6) == nil }
    static let unavailableReason = "raw sockets need CAP_NET_RAW"

    /// Runs `body` as a job's task on one of the reactors.
    static func run<Value: Sendable>(
        reactor index: Int = 0, on engine: Engine? = RawLab.engine, deadline: Duration = .seconds(30),
        policy: (any AddressPolicy)? = nil,
        _ body: @escaping @Sendable (ProbeContext) async throws -> Value
    ) async throws -> Value {
        let reactor = try #require(engine).reactors.reactors[index]
        return try await on(reactor) { reactor -> Result<Value, any Error> in
            let context = ProbeContext(tool: "test", reactor: reactor, deadline: reactor.now + deadline)
            do { return .success(try await body(context)) } catch { return .failure(error) }
        }.get()
    }
}

extension ICMPEngine {
    /// Waits for the next event of a flow; nil when none came in a generous time.
    static func next(_ flow: EchoFlow, within limit: Duration = .seconds(10), _ context: ProbeContext) async
        -> EchoFlow.Event?
    {
        guard case .event(let event) = await flow.events.next(until: context.now + limit) else { return nil }
        return event
    }
}
