import Foundation
import Glibc

/// A file system of few bytes (tmpfs), to be filled.
public struct SmallDisk: Sendable {
    public struct Failed: Error, CustomStringConvertible { public let description: String }

    public let path: String

    /// Found out by trying: in containers root may not mount.
    public static let isAvailable: Bool = {
        guard let disk = try? SmallDisk(bytes: 1 << 16) else { return false }
        disk.remove()
        return true
    }()
    public static let unavailableReason = "needs the right to mount a small tmpfs (CAP_SYS_ADMIN)"

    public init(bytes: Int) throws {
        path = FileManager.default.temporaryDirectory.path + "/disk-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("probe-test", path, "tmpfs", 0, "size=\(bytes),mode=0755") == 0 else {
            let reason = String(cString: strerror(errno))
            try? FileManager.default.removeItem(atPath: path)
            throw Failed(description: "mounting a tmpfs on \(path): \(reason)")
        }
    }

    public func remove() {
        // Also while something in it is open.
        _ = umount2(path, Int32(MNT_DETACH))
        try? FileManager.default.removeItem(atPath: path)
    }
}
