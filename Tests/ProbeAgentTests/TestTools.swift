import Logging
import ProbeNative
import ProbeProtocol
import ProbeTesting

@testable import ProbeAgent

/// Parks until its gate opens; then succeeds. With `steps`, reports progress first.
struct GatedTool: Tool {
    let name = "gated"
    let summary = "waits for the test"
    var gate = TestGate()
    /// After each report.
    static let pause = Duration.milliseconds(40)

    struct Note: Report {
        var text: String
        func write(to writer: inout some ReportWriter) { writer.field("note", text) }
    }
    func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> (weight: Int, steps: Int) {
        (
            reader.integer("weight", default: 1, in: 1...1000, help: "slots"),
            reader.integer("steps", default: 0, in: 0...10, help: "progress reports")
        )
    }
    func weight(_ parameters: (weight: Int, steps: Int)) -> Int { parameters.weight }
    func run(_ target: Host, _ parameters: (weight: Int, steps: Int), in context: ProbeContext) async -> ProbeOutcome {
        for step in 0..<parameters.steps {
            context.progress?(Note(text: "step \(step)"))
            _ = await context.reactor.park(until: context.now + Self.pause)
        }
        switch await gate.wait(on: context.reactor) {
        case .ready: return ProbeOutcome(Note(text: "done"))
        default: return ProbeOutcome(failure: .cancelled(.response))
        }
    }
}

/// Opens once, for all that wait and all that come.
final class TestGate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [(Reactor, WaitToken)] = []
        var arrivals = 0
        var watchers: [(Int, CheckedContinuation<Void, Never>)] = []
    }
    private let state = Locked(State())

    func wait(on reactor: Reactor) async -> WakeReason {
        await reactor.park { token in
            let (isOpen, watchers) = state.withLock { state in
                state.arrivals += 1
                if !state.isOpen { state.waiting.append((reactor, token)) }
                let arrivals = state.arrivals
                let ready = state.watchers.filter { $0.0 <= arrivals }.map(\.1)
                state.watchers.removeAll { $0.0 <= arrivals }
                return (state.isOpen, ready)
            }
            for watcher in watchers { watcher.resume() }
            if isOpen { reactor.submit { reactor.wake(token) } }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for (reactor, token) in waiting { reactor.submit { reactor.wake(token) } }
    }

    var arrived: Int { state.withLock { $0.arrivals } }

    /// Returns when `count` have come to wait in all.
    func arrivals(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let there = state.withLock { state in
                if state.arrivals >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if there { continuation.resume() }
        }
    }
}

extension Logger {
    /// Discards everything.
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
