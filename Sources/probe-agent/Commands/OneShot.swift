import ProbeAgent
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// Runs prepared probes in this process, one after another, while the main thread waits for each and for signals.
final class OneShot {
    /// How a run ended.
    struct Ended {
        var result: ProbeResult
        /// What cut it short.
        var signal: Int32?
        /// What was recorded, where that was asked for.
        var story: Span.Record?
    }

    /// What the engine hands to the main thread.
    private struct News {
        var partial: (any Report)?
        var result: ProbeResult?
        var story: Span.Record?
    }

    private let engine: Engine

    init(_ prepared: Startup.Prepared, _ policy: TargetPolicy) throws(Errno) {
        var configuration = EngineConfiguration()
        configuration.rawSockets = prepared.rawSockets
        configuration.policy = policy
        engine = try Engine(configuration, registry: prepared.registry)
    }

    deinit { engine.stop() }

    /// Returns after `duration`, or at once with the signal that came.
    func pause(_ duration: Duration) -> Int32? {
        let isOver = Locked(false)
        let reactor = engine.reactors.reactors[0]
        reactor.submit {
            reactor.schedule(at: reactor.now + duration) {
                isOver.withLock { $0 = true }
                ProcessSignals.wakeMain()
            }
        }
        while !isOver.withLock(\.self) {
            if let signal = ProcessSignals.next().signal { return signal }
        }
        return nil
    }

    /// - Parameters:
    ///   - screen: shows partial reports meanwhile.
    ///   - isRecorded: whoever asks gets the run's story.
    func run(_ probe: PreparedProbe, screen: LiveScreen? = nil, isRecorded: Bool = false) -> Ended {
        defer { screen?.close() }
        let news = Locked(News())
        @Sendable func show(_ report: any Report) {
            news.withLock { $0.partial = report }
            ProcessSignals.wakeMain()
        }
        let span = isRecorded ? Span(.job, "\(probe.tool) \(probe.target)", time: engine.time) : nil
        let running = engine.start(
            probe, deadline: engine.time.now + probe.defaultTimeout, progress: screen == nil ? nil : show, span: span
        ) { result in
            // On the thread that the span is confined to.
            let story = span?.record()
            news.withLock { ($0.result, $0.story) = (result, story) }
            ProcessSignals.wakeMain()
        }
        var signal: Int32?
        while true {
            let latest = news.withLock { news -> News in
                defer { news.partial = nil }
                return news
            }
            if let result = latest.result { return Ended(result: result, signal: signal, story: latest.story) }
            if let partial = latest.partial { screen?.show(partial) }
            let event = ProcessSignals.next()
            if event == .wake { continue }
            signal = event.signal
            running.stop(.cancelled)
        }
    }
}
