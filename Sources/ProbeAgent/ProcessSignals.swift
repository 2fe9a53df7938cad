#if canImport(Glibc)
    import Glibc
#endif

/// Signals as values: they are blocked in every thread, so that no system call of a measurement ends with EINTR
/// (liboping's `ping_send` fails on it), and the main thread takes them one by one.
public enum ProcessSignals {
    public enum Event: Sendable, Hashable {
        /// SIGINT, SIGTERM or SIGHUP: somebody wants the process to end.
        case stop(Int32)
        /// `wakeMain` was called.
        case wake
    }

    private static let stops = [SIGINT, SIGTERM, SIGHUP]
    private static let wakeSignal = SIGUSR2

    /// Before any other thread exists: threads inherit the mask.
    static func block() {
        var mask = sigset_t()
        sigemptyset(&mask)
        for signal in stops + [wakeSignal, SIGUSR1, SIGPIPE, SIGALRM, SIGCHLD, SIGWINCH] { sigaddset(&mask, signal) }
        pthread_sigmask(SIG_BLOCK, &mask, nil)
    }

    /// Waits for the next one. For the main thread alone.
    public static func next() -> Event {
        var mask = sigset_t()
        sigemptyset(&mask)
        for signal in stops + [wakeSignal] { sigaddset(&mask, signal) }
        var signal: Int32 = 0
        guard sigwait(&mask, &signal) == 0 else { return .wake }
        return signal == wakeSignal ? .wake : .stop(signal)
    }

    /// Makes `next` return, from any thread. A signal sent to the process stays pending until it is taken, so this
    /// cannot come too early.
    public static func wakeMain() { kill(getpid(), wakeSignal) }
}
