import Foundation
import ProbeNative

@testable import ProbeAgent

/// A folder for a journal's segments, gone with its owner.
final class JournalFolder: Sendable {
    let path: String
    var folder: SegmentFolder { SegmentFolder(path: path) }

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/journal-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasSuffix(".log") }.sorted()
            .map { path + "/" + $0 }
    }

    /// What a process that starts now would find.
    func replay() throws -> SegmentLog.Replay {
        var replay = SegmentLog.Replay()
        _ = try SegmentLog(folder, replay: &replay)
        return replay
    }

    static func answer(_ sequence: UInt64, size: Int = 20) -> JournalRecord {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: Int(sequence) &* 31 &+ $0) }
        return .answer(
            OutboundEntry(sequence: sequence, requestID: "r\(sequence)", bytes: bytes),
            at: WallTime(nanoseconds: Int64(sequence)))
    }
}

extension SegmentLog.Replay {
    var sequences: [UInt64] { entries.map(\.entry.sequence) }
    /// Everything is as `JournalFolder.answer` made it.
    func isIntact(size: Int = 20) -> Bool {
        entries.allSatisfy { found in
            guard case .answer(let entry, _) = JournalFolder.answer(found.entry.sequence, size: size) else {
                return false
            }
            return entry == found.entry
        }
    }
}
