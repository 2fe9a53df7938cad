import Foundation
import ProbeNative
import Testing

@testable import ProbeAgent

@Suite struct WallTimeISO8601Tests {
    @Test(arguments: [
        ("2026-01-01T00:00:00Z", 1_767_225_600_000_000_000),
        ("2026-01-01T00:00:00.250Z", 1_767_225_600_250_000_000),
        ("2026-01-01T00:00:00.123456789123Z", 1_767_225_600_123_456_789),
        ("2026-01-01 00:00:00", 1_767_225_600_000_000_000),
        ("2026-01-01T00:00:00.000001", 1_767_225_600_000_001_000),
        ("2026-01-01T02:30:00+02:30", 1_767_225_600_000_000_000),
        ("2025-12-31T19:00:00-0500", 1_767_225_600_000_000_000),
        ("2025-12-31T19:00:00-05", 1_767_225_600_000_000_000),
        ("1970-01-01T00:00:00Z", 0),
    ])
    func reads(text: String, nanoseconds: Int64) {
        #expect(WallTime(iso8601: text)?.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "now", "2026", "2026-01-01", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-32T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00ZZ",
        "2026-01-01T00:00:00+1", "9999-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2026-01-01T00:00:0\u{663}Z",
    ])
    func refuses(text: String) {
        #expect(WallTime(iso8601: text) == nil)
    }

    /// Against Foundation's calendar, every 37 hours through a leap century.
    @Test func agreesWithFoundation() {
        let formatter = ISO8601DateFormatter()
        for hours in stride(from: 0, to: 1_900_000, by: 37) {
            let seconds = Int64(hours) * 3600
            let text = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            #expect(WallTime(iso8601: text)?.nanoseconds == seconds * 1_000_000_000)
        }
    }
}
