import Glibc
import ProbeTesting
import Synchronization

/// Names the input that crashed or did not end. A crash is a signal here; a loop is an input that is still the same one
/// after some seconds of processor time.
enum Watchdog {
    /// Seconds. Far beyond what any input needs.
    private static let patience = 20
    private static let names = FuzzRun.all(seed: 0).map(\.name)
    private static let decoder = Atomic<Int>(0)
    private static let input = Atomic<Int>(-1)
    private static let seen = Atomic<Int>(-1)

    static func start() {
        _ = names
        for crash in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE] {
            signal(crash) { code in Watchdog.end("crashed by signal \(code)") }
        }
        // Processor time, so that a machine that stands still is no loop.
        signal(SIGPROF) { _ in
            let now = Watchdog.input.load(ordering: .relaxed)
            if now >= 0, Watchdog.seen.exchange(now, ordering: .relaxed) == now { Watchdog.end("did not end") }
        }
        let interval = timeval(tv_sec: patience, tv_usec: 0)
        var timer = itimerval(it_interval: interval, it_value: interval)
        setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
    }

    static func note(decoder index: Int, input number: Int) {
        decoder.store(index, ordering: .relaxed)
        input.store(number, ordering: .relaxed)
    }

    static func rest() { input.store(-1, ordering: .relaxed) }

    /// Not all of it is safe within a signal's handler, which is no worse than to end without a word.
    private static func end(_ what: String) {
        let name = names[decoder.load(ordering: .relaxed)]
        let text = "probe-fuzz: \(name) \(what) on input \(input.load(ordering: .relaxed))\n"
        _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
        _exit(1)
    }
}
