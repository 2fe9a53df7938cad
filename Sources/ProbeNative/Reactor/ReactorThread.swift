import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// Starts a detached POSIX thread with a name that `ps -L` and gdb show.
///
/// No signal is delivered to it, whatever program it runs in: system calls of a measurement must not end with EINTR, and a
/// peer that closes must not raise SIGPIPE (OpenSSL inside libcurl writes without MSG_NOSIGNAL).
package enum ReactorThread {
    private final class Start {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// False when the kernel gives no thread (EAGAIN).
    @discardableResult
    package static func start(name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        let start = Unmanaged.passRetained(Start(name, body))
        var thread = pthread_t()
        var (blocked, before) = (sigset_t(), sigset_t())
        sigfillset(&blocked)
        // What the thread itself is to blame for, and profilers.
        for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF] {
            sigdelset(&blocked, signal)
        }
        // A new thread inherits the mask.
        pthread_sigmask(SIG_BLOCK, &blocked, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                // The kernel keeps 15 characters (PR_SET_NAME).
                probe_name_this_thread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard result == 0 else {
            start.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
