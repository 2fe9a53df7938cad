import ProbeAgent
import ProbeNative

/// Waits on the main thread for asynchronous work, and for the signals that end it. They must be blocked
/// (`ProcessSignals.block`).
enum MainThread {
    enum Outcome<Value: Sendable>: Sendable {
        case done(Value)
        /// The work is cancelled and not waited for.
        case stopped(signal: Int32)
    }

    static func wait<Value: Sendable>(for work: @escaping @Sendable () async -> Value) -> Outcome<Value> {
        let result = Locked<Value?>(nil)
        let task = Task {
            let value = await work()
            result.withLock { $0 = value }
            ProcessSignals.wakeMain()
        }
        while true {
            if let value = result.withLock({ $0 }) { return .done(value) }
            if case .stop(let signal) = ProcessSignals.next() {
                task.cancel()
                return .stopped(signal: signal)
            }
        }
    }
}
