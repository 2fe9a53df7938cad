import FoundationEssentials
import Hummingbird

extension JobFilter {
    /// `?state=&tool=&node=&target=&success=&measurement=&schedule=&check=&since=&until=`
    init(_ request: Request) throws {
        state = try request.query("state").map { text in
            guard let state = JobState(rawValue: text) else {
                throw Problem.invalidRequest(
                    "\"state\" must be queued, sent, done, failed, expired or cancelled.")
            }
            return state
        }
        tool = try request.query("tool")
        node = try request.query("node")?.lowercased()
        target = try request.query("target")
        succeeded = try request.query("success").map { text in
            guard let value = Bool(text) else {
                throw Problem.invalidRequest("\"success\" must be \"true\" or \"false\".")
            }
            return value
        }
        measurement = try request.query("measurement")
        schedule = try request.query("schedule")
        check = try request.query("check")
        since = try request.instant("since")
        until = try request.instant("until")
    }
}

extension Request {
    /// A query's value as an instant, ISO 8601 with or without a fraction.
    func instant(_ name: Substring) throws -> Instant? {
        try query(name).map { text in
            guard let instant = Instant(text) else {
                throw Problem.invalidRequest("\"\(name)\" must be an instant such as 2026-01-02T03:04:05Z.")
            }
            return instant
        }
    }
}

extension Page {
    /// The key of lists in order of arrival.
    var afterSequence: Int64? {
        get throws {
            guard let after else { return nil }
            guard let sequence = Int64(after[0]) else { throw Self.invalidCursor }
            return sequence
        }
    }
}

extension Instant {
    /// ISO 8601, with or without a fraction of the second. Years 1970 to 9999.
    init?(_ text: String) {
        let styles = [true, false].map { Date.ISO8601FormatStyle(includingFractionalSeconds: $0) }
        guard let date = styles.lazy.compactMap({ try? $0.parse(text) }).first else { return nil }
        let seconds = date.timeIntervalSince1970
        guard (0...253_402_300_799).contains(seconds) else { return nil }
        self.init(milliseconds: Int64((seconds * 1000).rounded()))
    }
}
