import Logging
import ProbeNative

/// Sends the figures of checks that have a new result to an OpenTelemetry collector, every so often.
///
/// While a collector is away nothing piles up: one request is under way, and the next batch has the newest figures and
/// counters that lost nothing.
public final class OTLPOutput: WatchOutput {
    /// How long the last batch may take at the end.
    private static let finishing = Duration.seconds(2)

    public var name: String { delivery.name }
    private let delivery: Delivery
    private let interval: Duration
    private let figures = Locked(WatchFigures { OTLPRequest.attributes($0) })
    private let lost = Locked(0)
    /// Since it ends: when it must have ended.
    private let end = Locked<Instant?>(nil)
    /// Ends the worker and sends the last batch.
    private let last = Locked<(@Sendable () async -> Void)?>(nil)

    init(_ delivery: Delivery, every interval: Duration) {
        self.delivery = delivery
        self.interval = interval
    }

    public func start(_ watch: Watch, _ logger: Logger) throws(ConfigurationError) {
        let (engine, begin) = (watch.engine, watch.time.wallTime)
        let worker = Task { [self] in
            while !Task.isCancelled {
                do { try await engine.time.sleep(for: interval) } catch { return }
                await send(since: begin, engine, logger)
            }
        }
        last.withLock { last in
            last = { [self] in
                end.withLock { $0 = engine.time.now + Self.finishing }
                worker.cancel()
                await worker.value
                await send(since: begin, engine, logger)
            }
        }
    }

    public func receive(_ event: WatchEvent) { figures.withLock { $0.take(event) } }

    /// Results whose figures were given up.
    public var dropped: Int { lost.withLock(\.self) }

    public func finish() async { await last.withLock { $0.take() }?() }

    private func send(since begin: WallTime, _ engine: Engine, _ logger: Logger) async {
        let (fresh, times) = figures.withLock { ($0.takeFresh(), $0.runTimes) }
        var rest = fresh[...]
        while !rest.isEmpty {
            let end = end.withLock(\.self)
            if let end, engine.time.now >= end { break }
            let isFirst = rest.startIndex == fresh.startIndex
            let count = OTLPRequest.fitting(rest)
            let request = OTLPRequest(
                entries: rest.prefix(count), runTimes: isFirst ? times : [:], begin: begin, now: engine.time.wallTime)
            var delivery = delivery
            if end != nil { (delivery.attempts, delivery.timeout) = (1, Self.finishing) }
            let isTaken = await delivery.send(request.body, engine, logger)
            // At the end there is no time for others where one was not taken.
            if !isTaken, end != nil { break }
            if !isTaken { lost.withLock { $0 += count } }
            rest = rest.dropFirst(count)
        }
        lost.withLock { $0 += rest.count }
    }
}
