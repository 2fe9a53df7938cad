import FoundationEssentials
import ProbeNative

/// CPU and memory in use, in percent: the control group's when the process is in one, else the machine's.
struct SystemLoad: Sendable {
    struct Sample: Sendable, Hashable {
        /// CPU time used so far, of all that the limit allows in one second of `allowed` processors.
        var busy: Duration
        /// Processors that may be used; 0.5 is half of one.
        var allowed: Double
        /// For the machine as a whole there is no wall clock in /proc/stat's unit, so it says itself how much passed.
        var elapsed: Duration?
        var memoryUsed: Double
        var memoryLimit: Double
    }

    /// Where the kernel's files are; a test puts its own there.
    var root = ""
    var processors: Int

    func sample() -> Sample? {
        controlGroup() ?? machine()
    }

    /// Percent between two samples that are `interval` apart.
    static func usage(from old: Sample, to new: Sample, interval: Duration) -> (cpu: Double, memory: Double) {
        let elapsed: Double
        if let before = old.elapsed, let after = new.elapsed {
            elapsed = (after - before).inSeconds
        } else {
            elapsed = interval.inSeconds * new.allowed
        }
        let cpu = elapsed > 0 ? (new.busy - old.busy).inSeconds / elapsed * 100 : 0
        let memory = new.memoryLimit > 0 ? new.memoryUsed / new.memoryLimit * 100 : 0
        return (min(100, max(0, cpu)), min(100, max(0, memory)))
    }

    // MARK: cgroup v2 (Documentation/admin-guide/cgroup-v2.rst)

    private func controlGroup() -> Sample? {
        guard let own = read("/proc/self/cgroup"),
            let line = own.split(separator: "\n").first(where: { $0.hasPrefix("0::") })
        else { return nil }
        let path = line.dropFirst(3)
        let folder = "/sys/fs/cgroup" + (path == "/" ? "" : path)
        // The root group has no memory.current: there the machine's own numbers are the true ones.
        guard let used = read(folder + "/memory.current").flatMap({ Double($0.trimmed) }),
            let usage = read(folder + "/cpu.stat").flatMap({ Self.value(of: "usage_usec", in: $0) })
        else { return nil }
        let limit = read(folder + "/memory.max").flatMap { Double($0.trimmed) }
        return Sample(
            busy: .microseconds(Int64(usage)), allowed: allowedProcessors(folder), elapsed: nil, memoryUsed: used,
            memoryLimit: limit ?? memoryTotal() ?? 0)
    }

    /// cpu.max is `QUOTA PERIOD` in microseconds, or `max PERIOD`.
    private func allowedProcessors(_ folder: String) -> Double {
        let parts = read(folder + "/cpu.max")?.trimmed.split(separator: " ") ?? []
        guard parts.count == 2, let quota = Double(parts[0]), let period = Double(parts[1]), period > 0 else {
            return Double(processors)
        }
        return quota / period
    }

    // MARK: The machine (proc(5))

    private func machine() -> Sample? {
        guard let stat = read("/proc/stat"),
            let line = stat.split(separator: "\n").first(where: { $0.hasPrefix("cpu ") }),
            let info = read("/proc/meminfo"), let total = memoryTotal(),
            let available = Self.value(of: "MemAvailable:", in: info)
        else { return nil }
        // user nice system idle iowait irq softirq steal, in hundredths of a second (USER_HZ).
        let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        guard ticks.count >= 5 else { return nil }
        let all = ticks.reduce(0, +)
        return Sample(
            busy: .seconds(fromDouble: (all - ticks[3] - ticks[4]) / 100), allowed: Double(processors),
            elapsed: .seconds(fromDouble: all / 100), memoryUsed: total - available * 1024, memoryLimit: total)
    }

    private func memoryTotal() -> Double? {
        read("/proc/meminfo").flatMap { Self.value(of: "MemTotal:", in: $0) }.map { $0 * 1024 }
    }

    private static func value(of name: String, in text: String) -> Double? {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            if words.count >= 2, words[0] == name { return Double(words[1]) }
        }
        return nil
    }

    private func read(_ path: String) -> String? { try? String(contentsOfFile: root + path, encoding: .utf8) }
}

extension String {
    fileprivate var trimmed: String { String(prefix { $0 != "\n" }) }
}
