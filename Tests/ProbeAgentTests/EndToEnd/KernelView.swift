import Foundation

/// A process as /proc shows it (proc(5)).
struct KernelView {
    let pid: pid_t

    static func owner(of path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.ownerAccountID] as? Int
    }

    private var folder: String { "/proc/\(pid)" }

    /// The status of each thread: field by name.
    func threads() throws -> [[String: String]] {
        try FileManager.default.contentsOfDirectory(atPath: folder + "/task").compactMap { thread in
            // A thread may have ended since.
            guard let text = try? String(contentsOfFile: folder + "/task/\(thread)/status", encoding: .utf8) else {
                return nil
            }
            let fields = text.split(separator: "\n").compactMap { line -> (String, String)? in
                guard let colon = line.firstIndex(of: ":") else { return nil }
                let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                return (String(line[..<colon]), value)
            }
            return Dictionary(fields) { first, _ in first }
        }
    }

    /// Of all sockets that it has open: `socket:[INODE]`.
    func socketInodes() throws -> Set<String> {
        let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/fd")
        return Set(
            files.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "/fd/" + $0) }
                .filter { $0.hasPrefix("socket:[") }.map { String($0.dropFirst(8).dropLast()) })
    }

    /// Of everybody's sockets in its network that take connections, or packets from anyone (UDP without a peer).
    func listeningInodes() throws -> Set<String> {
        var inodes: Set<String> = []
        // The state is the fourth column: 0A is LISTEN, 07 an unconnected UDP socket. The inode is the tenth.
        for (file, state) in [("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")] {
            for columns in try rows(file) where columns.count > 9 && columns[3] == state { inodes.insert(columns[9]) }
        }
        // Flags (__SO_ACCEPTCON is 0x10000) are the fourth column here, the inode is the seventh.
        for columns in try rows("unix") where columns.count > 6 && columns[3] == "00010000" {
            inodes.insert(columns[6])
        }
        return inodes
    }

    private func rows(_ file: String) throws -> [[String]] {
        try String(contentsOfFile: folder + "/net/" + file, encoding: .utf8).split(separator: "\n").dropFirst()
            .map { $0.split(separator: " ", omittingEmptySubsequences: true).map(String.init) }
    }
}
