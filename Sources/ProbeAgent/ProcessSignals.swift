#if canImport(Glibc)
    import Glibc
#endif

/// Signals as values: they are blocked in every thread, so that no system call of a measurement ends with EINTR
/// (liboping's `ping_send` fails on it), and the main thread takes them one by one.
public enum ProcessSignals {
    public enum Event: Sendable, Hashable {
        /// SIGINT or SIGTERM: somebody wants the process to end.
        case stop(Int32)
        /// SIGHUP: a node reads its configuration again, anything else ends.
        case hangup
        /// `wakeMain` was called.
        case wake

        /// The number of the signal that ends a process which reads no configuration again.
        public var signal: Int32? {
            switch self {
            case .stop(let number): number
            case .hangup: SIGHUP
            case .wake: nil
            }
        }
    }

    private static let all = [SIGINT, SIGTERM, SIGHUP, wakeSignal]
    private static let wakeSignal = SIGUSR2

    /// Before any other thread exists: threads inherit the mask.
    public static func block() {
        var mask = sigset_t()
        sigemptyset(&mask)
        for signal in all + [SIGUSR1, SIGPIPE, SIGALRM, SIGCHLD, SIGWINCH] { sigaddset(&mask, signal) }
        pthread_sigmask(SIG_BLOCK, &mask, nil)
    }

    /// Waits for the next one. For the main thread alone.
    public static func next() -> Event {
        var mask = sigset_t()
        sigemptyset(&mask)
        for signal in all { sigaddset(&mask, signal) }
        var signal: Int32 = 0
        guard sigwait(&mask, &signal) == 0 else { return .wake }
        return switch signal {
        case wakeSignal: .wake
        case SIGHUP: .hangup
        default: .stop(signal)
        }
    }

    /// As if somebody had sent SIGTERM.
    public static func requestStop() { kill(getpid(), SIGTERM) }

    /// Makes `next` return, from any thread. A signal sent to the process stays pending until it is taken, so this
    /// cannot come too early.
    public static func wakeMain() { kill(getpid(), wakeSignal) }
}
