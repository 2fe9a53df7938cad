#if canImport(Glibc)
    import Glibc
#endif

/// How a command ends that has started threads.
enum ProcessEnd {
    /// Ends at once, without the handlers of exit(3): event loops and the lane's threads are still on their way out, and
    /// OpenSSL's handler would free under them what they use (some random bytes for a frame are enough): a crash in one
    /// stop of some thousands.
    static func now(_ code: Int32) -> Never {
        fflush(nil)
        _exit(code)
    }
}
