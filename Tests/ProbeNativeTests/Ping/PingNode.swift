import ProbeTesting
import Testing

@testable import ProbeNative

/// An engine with a lane and raw sockets whose threads and sockets live in a lab's namespace.
struct PingNode: Sendable {
    let lane: PingLane
    let engine: Engine

    /// All that can send echo requests in a lab, where any user may open datagram ICMP sockets.
    static let engines = [PingParameters.Engine.liboping, .raw, .datagram]

    static func inside<Result>(
        hosts: Int, workers: Int = 16, receiveBuffer: Int? = RawSockets.defaultReceiveBuffer,
        _ body: (NetworkLab, PingNode) async throws -> Result
    ) async throws -> Result {
        try await NetworkLab.with(hosts: hosts) { lab in
            let node = try await lab.onThread { try PingNode(workers: workers, receiveBuffer: receiveBuffer) }
            defer { node.stop() }
            return try await body(lab, node)
        }
    }

    static func onPath<Result>(
        receiveBuffer: Int = RawSockets.defaultReceiveBuffer,
        _ body: (PathLab, PingNode) async throws -> Result
    ) async throws -> Result {
        try await PathLab.with { lab in
            let node = try await lab.node(.near).onThread { try PingNode(workers: 4, receiveBuffer: receiveBuffer) }
            defer { node.stop() }
            return try await body(lab, node)
        }
    }

    /// To be called on a thread of the namespace.
    /// - Parameter receiveBuffer: nil: no raw sockets at all, as without the permission.
    private init(workers: Int, receiveBuffer: Int?) throws {
        let isPermitted = receiveBuffer != nil
        lane = isPermitted ? PingLane.open(workers: workers) : PingLane(unavailable: .rawSocketsNotPermitted)
        var configuration = EngineConfiguration()
        configuration.rawSockets = receiveBuffer.map { RawSockets.open(receiveBuffer: $0) }
        engine = try Engine(configuration, registry: ToolRegistry([PingTool(lane: lane)]))
    }

    private func stop() {
        engine.stop()
        lane.stop()
    }

    func run(
        _ target: String, _ members: [ParameterValue.Member], by name: PingParameters.Engine? = nil,
        timeout: Duration? = nil
    ) async throws -> (report: PingReport, outcome: ProbeOutcome) {
        let probe = try PingTool(lane: lane).prepare(target: target, parameters: members + .engine(name))
        let outcome = await engine.runInLab(probe, timeout: timeout).outcome
        return (try #require(outcome.report as? PingReport), outcome)
    }

    /// Starts a probe whose first request is on its way when this returns, or soon.
    func start(
        _ target: String, _ members: [ParameterValue.Member], by name: PingParameters.Engine? = nil,
        deadline: Duration
    ) async throws -> (RunningProbe, Task<ProbeOutcome, Never>) {
        let probe = try PingTool(lane: lane).prepare(target: target, parameters: members + .engine(name))
        let (results, result) = AsyncStream<ProbeOutcome>.makeStream()
        let running = engine.start(probe, deadline: engine.time.now + deadline) { ended in
            HomeThread.shared.perform { result.yield(ended.outcome) }
        }
        let task = Task {
            for await outcome in results { return outcome }
            return ProbeOutcome()
        }
        return (running, task)
    }
}
