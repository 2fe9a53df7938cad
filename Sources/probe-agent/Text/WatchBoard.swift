import Logging
import ProbeAgent
import ProbeNative

/// The last result of each check, for the table. The main thread draws it, at most four times a second.
final class WatchBoard: WatchOutput {
    struct Row: Sendable {
        var check: Check
        var last: CheckResult?
    }
    private struct State {
        var rows: [String: Row] = [:]
        var order: [String] = []
        var hasChanged = false
        var isEnding = false
    }

    private static let pause = Duration.milliseconds(250)
    private let state = Locked(State())

    let name = "table"
    var dropped: Int { 0 }

    func start(_ watch: Watch, _ logger: Logger) throws(ConfigurationError) {
        let reactor = watch.engine.reactors.reactors[0]
        reactor.submit { [self] in tick(reactor) }
    }

    /// Ages are shown in seconds: without news it is drawn again each second.
    private func tick(_ reactor: Reactor, _ count: Int = 0) {
        let (mustDraw, isEnding) = state.withLock { state in
            if count % 4 == 0 { state.hasChanged = true }
            return (state.hasChanged, state.isEnding)
        }
        if isEnding { return }
        if mustDraw { ProcessSignals.wakeMain() }
        reactor.schedule(at: reactor.now + Self.pause) { [self] in tick(reactor, count + 1) }
    }

    func receive(_ event: WatchEvent) {
        state.withLock { state in
            state.hasChanged = true
            switch event {
            case .checks(let checks):
                let old = state.rows
                state.order = checks.map(\.id)
                state.rows = [:]
                for check in checks { state.rows[check.id] = Row(check: check, last: old[check.id]?.last) }
            case .result(let result): state.rows[result.check.id]?.last = result
            case .change: break
            }
        }
    }

    func finish() async { state.withLock { $0.isEnding = true } }

    /// In the file's order; nil when nothing has changed since the last call.
    func takeChanged() -> [Row]? {
        state.withLock { state in
            guard state.hasChanged else { return nil }
            state.hasChanged = false
            return state.order.compactMap { state.rows[$0] }
        }
    }
}
