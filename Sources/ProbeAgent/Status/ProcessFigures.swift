import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// What the process holds of the machine. Nil where the kernel does not tell.
public struct ProcessFigures: Report {
    public var openDescriptors: Int?
    public var descriptorLimit: Int?
    public var residentBytes: Int?

    /// Reads /proc (proc(5)), which takes some microseconds.
    public static func now() -> ProcessFigures {
        ProcessFigures(
            openDescriptors: openDescriptorCount, descriptorLimit: limitOfDescriptors, residentBytes: residentSize)
    }

    private static var openDescriptorCount: Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        // Without `.`, `..` and the descriptor of this look.
        var count = -3
        while readdir(folder) != nil { count += 1 }
        return count
    }

    private static var limitOfDescriptors: Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Int(clamping: limit.rlim_cur)
    }

    /// The second field of statm, in pages.
    private static var residentSize: Int? {
        guard let text = try? BoundedFile(path: "/proc/self/statm", limit: 4096).text else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    public func write(to writer: inout some ReportWriter) {
        writer.field("descriptors", openDescriptors)
        writer.field("descriptor_limit", descriptorLimit)
        writer.field("resident_bytes", residentBytes)
    }
}
