import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// What this process has used so far (getrusage(2)).
struct ProcessUsage {
    /// User and system time of all threads, in microseconds.
    let cpu: Double
    let contextSwitches: Int

    static var now: ProcessUsage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return ProcessUsage(
            cpu: microseconds(usage.ru_utime) + microseconds(usage.ru_stime),
            contextSwitches: usage.ru_nvcsw + usage.ru_nivcsw)
    }

    private static func microseconds(_ time: timeval) -> Double { Double(time.tv_sec) * 1e6 + Double(time.tv_usec) }
}
