import ProbeAgent
import ProbeNative

/// Waits on the main thread for asynchronous work, and takes the signals meanwhile. They must be blocked
/// (`ProcessSignals.block`).
enum MainThread {
    enum Outcome<Value: Sendable>: Sendable {
        case done(Value)
        /// The work is cancelled and not waited for.
        case stopped(signal: Int32)
    }

    /// - Parameter end: is told of each event, on this thread; the number of a signal ends the waiting.
    static func wait<Value: Sendable>(
        for work: @escaping @Sendable () async -> Value, until end: (ProcessSignals.Event) -> Int32? = \.signal
    ) -> Outcome<Value> {
        let result = Locked<Value?>(nil)
        let task = Task {
            let value = await work()
            result.withLock { $0 = value }
            ProcessSignals.wakeMain()
        }
        while true {
            if let value = result.withLock({ $0 }) { return .done(value) }
            if let signal = end(ProcessSignals.next()) {
                task.cancel()
                return .stopped(signal: signal)
            }
        }
    }
}
