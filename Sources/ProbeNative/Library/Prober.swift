/// Diagnostics for any program: opens what the tools need and runs them on threads of its own, thousands at once.
///
///     let prober = try Prober()
///     let ping = try await prober.ping("192.0.2.1", count: 3)
///     print(ping.report?.statistics.median.map { "\($0) ms" } ?? "no reply")
///
/// Cancelling the task that waits ends the diagnostic; what it found by then is returned, with the error `cancelled`. The
/// threads end with the last reference.
public final class Prober: Sendable {
    private let engine: Engine
    private let pingLane: PingLane
    /// What cannot be done here and what to do about it: raw sockets without CAP_NET_RAW, for example.
    public let limitations: [ProbeFailure]

    /// Early in a process: liboping's sockets must have numbers below 1,024.
    /// - Parameters:
    ///   - configuration: reactors, policy, resolver and limits. Raw sockets are the prober's own.
    ///   - tools: adds to the built-in tools or replaces them.
    /// - Throws: `Errno` when the kernel gives no descriptor or thread.
    public init(
        _ configuration: EngineConfiguration = EngineConfiguration(), tools: (inout ToolRegistry) -> Void = { _ in }
    ) throws(Errno) {
        let sockets = ToolSockets.open(reactors: configuration.reactors)
        var configuration = configuration
        configuration.rawSockets = sockets.raw
        var registry = ToolRegistry.builtIn(ping: sockets.ping)
        tools(&registry)
        limitations = sockets.failures
        pingLane = sockets.ping
        engine = try Engine(configuration, registry: registry)
    }

    deinit {
        engine.stop()
        pingLane.stop()
    }

    /// Names of the tools that `run` takes.
    public var tools: [String] { engine.registry.tools.map(\.name) }

    /// Runs any tool.
    /// - Parameters:
    ///   - target: a host name, an address or a URL, by the tool.
    ///   - parameters: as docs/tools has them for jobs: `["count": 3]`.
    ///   - timeout: of the whole diagnostic; nil: 30 s, or what the parameters need.
    /// - Returns: also for a target that fails: the outcome says how.
    /// - Throws: `InvalidInput`, one sentence, when the tool, the target or a parameter cannot be used.
    public func run(
        _ tool: String, _ target: String, _ parameters: KeyValuePairs<String, ParameterValue> = [:],
        timeout: Duration? = nil
    ) async throws(InvalidInput) -> ProbeResult {
        try await run(tool, target, parameters.map { .init($0.key, $0.value) }, timeout)
    }

    private func run(
        _ name: String, _ target: String, _ parameters: [ParameterValue.Member], _ timeout: Duration?
    ) async throws(InvalidInput) -> ProbeResult {
        guard let tool = engine.registry[name] else {
            throw InvalidInput("There is no tool \(name.quotedForMessage); there is \(tools.joined(separator: ", ")).")
        }
        return await engine.run(try tool.prepare(target: target, parameters: parameters), timeout: timeout)
    }

    private func measure<Found: Report>(
        _ tool: String, _ target: String, _ parameters: [(String, ParameterValue?)], _ timeout: Duration?,
        _ found: Found.Type = Found.self
    ) async throws(InvalidInput) -> Measured<Found> {
        let given = parameters.compactMap { name, value in value.map { ParameterValue.Member(name, $0) } }
        let result = try await run(tool, target, given, timeout)
        return Measured(report: result.outcome.report as? Found, result: result)
    }
}

/// What came of a diagnostic whose kind of report is known.
public struct Measured<Found: Report>: Sendable {
    /// What was found, also in part; nil when it failed before it began.
    public var report: Found?
    /// With what every diagnostic has: outcome, durations, time.
    public var result: ProbeResult

    /// Nil when the target did well.
    public var failure: ProbeFailure? { result.outcome.failure }
}

extension Prober {
    /// Echo requests (docs/tools/ping.md).
    /// - Parameters:
    ///   - host: name or address.
    ///   - interval: from one packet to the next.
    ///   - wait: for each reply.
    public func ping(
        _ host: String, count: Int = 4, interval: Duration = .seconds(1), wait: Duration = .seconds(1),
        timeout: Duration? = nil
    ) async throws(InvalidInput) -> Measured<PingReport> {
        try await measure(
            "ping", host,
            [
                ("count", .integer(Int64(count))), ("interval_ms", .integer(interval.wholeMilliseconds)),
                ("timeout_ms", .integer(wait.wholeMilliseconds)),
            ], timeout)
    }

    /// Asks the DNS (docs/tools/dns.md).
    /// - Parameters:
    ///   - type: of the records: `A`, `MX`, `TYPE65`.
    ///   - server: name server as `address`, `address:port` or a name; nil: the machine's.
    public func resolve(
        _ name: String, _ type: String = "A", server: String? = nil, timeout: Duration? = nil
    ) async throws(InvalidInput) -> Measured<DNSReport> {
        try await measure(
            "dns", name, [("record_type", .string(type)), ("resolver", server.map(ParameterValue.string))], timeout)
    }

    /// Fetches a URL (docs/tools/http.md).
    /// - Parameter body: keep it, as far as `body_limit` goes.
    public func fetch(
        _ url: String, body: Bool = false, timeout: Duration? = nil
    ) async throws(InvalidInput) -> Measured<HTTPReport> {
        try await measure("http", url, [("include_body", .bool(body))], timeout)
    }

    /// The routers on the way (docs/tools/traceroute.md).
    /// - Parameter maxHops: 1 to 255.
    public func trace(
        _ host: String, maxHops: Int = 30, timeout: Duration? = nil
    ) async throws(InvalidInput) -> Measured<TracerouteReport> {
        try await measure("traceroute", host, [("max_hops", .integer(Int64(maxHops)))], timeout)
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int64 { Int64(inMilliseconds.rounded()) }
}
