import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// A segment of the journal, mutated: what is whole is found, and nothing that was never written.
@Suite struct SegmentFuzzTests {
    private static let entries = (1...6).map { number in
        OutboundEntry(
            sequence: UInt64(number), requestID: "job-\(number)",
            bytes: Array(#"{"request_id":"job-\#(number)"}"#.utf8) + [UInt8](repeating: 0xe7, count: number * 9))
    }

    @Test func whatIsFoundWasWritten() {
        var segment: [UInt8] = []
        for entry in Self.entries {
            JournalRecord.answer(entry, at: WallTime(nanoseconds: 1)).write(to: &segment)
            if entry.sequence.isMultiple(of: 2) { JournalRecord.settled(entry.sequence).write(to: &segment) }
        }
        let run = FuzzRun(
            "segment", seeds: [segment], words: [JournalRecord.marker, [1], [2], [0, 0, 0, 0]], seed: 0x5eed
        ) {
            bytes in
            bytes.withUnsafeBytes { raw in
                let scan = SegmentScan(raw)
                for found in scan.records {
                    switch found.record {
                    case .answer(let entry, _): #expect(Self.entries.contains(entry))
                    case .settled(let sequence): #expect((1...6).contains(sequence))
                    }
                }
                return !scan.records.isEmpty
            }
        }
        let summary = run.run(0..<FuzzRun.testInputs)
        #expect(summary.accepted > FuzzRun.testInputs / 50, "\(summary)")
    }
}
