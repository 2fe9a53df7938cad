import FoundationEssentials
import Glibc

/// What Linux says of this process.
enum ProcessStatus {
    /// Bytes, by /proc/self/statm (proc(5)); nil where there is none.
    static var residentMemory: Int? {
        guard let data = try? Data(contentsOf: URL(filePath: "/proc/self/statm")) else { return nil }
        let fields = String(decoding: data, as: UTF8.self).split(separator: " ")
        return fields.dropFirst().first.flatMap { Int($0) }.map { $0 * Int(getpagesize()) }
    }

    /// Nil where there is no /proc.
    static var openDescriptors: Int? {
        // Less the one with which the folder is read.
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count.advanced(by: -1)
    }
}
