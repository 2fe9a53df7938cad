import FoundationEssentials
import Glibc

/// What Linux says of this process (proc(5)). Each is nil where there is no /proc.
public enum ProcessStatus {
    /// Bytes.
    public static var residentMemory: Int? {
        read("/proc/self/statm")?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map {
            $0 * Int(getpagesize())
        }
    }

    public static var openDescriptors: Int? {
        // Less the one with which the folder is read.
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count.advanced(by: -1)
    }

    /// The soft limit; nil also when there is none.
    public static var descriptorLimit: Int? {
        let line = read("/proc/self/limits")?.split(separator: "\n").first { $0.hasPrefix("Max open files") }
        return line?.split(separator: " ").dropFirst(3).first.flatMap { Int($0) }
    }

    /// Seconds on a processor, of all threads.
    public static var processorTime: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Seconds since 1970.
    public static var startTime: Double? {
        // The name in field 2 may hold anything; field 22 is the start in ticks since the machine's.
        guard let stat = read("/proc/self/stat"), let name = stat.lastIndex(of: ")"),
            let ticks = stat[name...].split(separator: " ").dropFirst(20).first.flatMap({ Double($0) }),
            let boot = read("/proc/stat")?.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let begin = boot.split(separator: " ").last.flatMap({ Double($0) })
        else { return nil }
        return begin + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func read(_ path: String) -> String? {
        (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension Exposition {
    /// The metrics that every Prometheus client library has under these names.
    public mutating func addProcess() {
        add("process_cpu_seconds_total", .counter, "Processor time in seconds.", ProcessStatus.processorTime)
        let gauges: [(String, String, Double?)] = [
            ("process_start_time_seconds", "Start of the process, in seconds since 1970.", ProcessStatus.startTime),
            ("process_resident_memory_bytes", "Resident memory.", ProcessStatus.residentMemory.map(Double.init)),
            ("process_open_fds", "Open file descriptors.", ProcessStatus.openDescriptors.map(Double.init)),
            (
                "process_max_fds", "Most file descriptors that may be open.",
                ProcessStatus.descriptorLimit.map(Double.init)
            ),
        ]
        for case (let name, let help, let value?) in gauges { add(name, .gauge, help, value) }
    }
}
