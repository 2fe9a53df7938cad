import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// What a report is to be about.
public struct HistoryQuery: Sendable {
    public var since: WallTime
    public var until: WallTime
    /// Patterns of fnmatch(3), of which one must match each; none: all.
    public var checks: [String] = []
    public var tools: [String] = []
    public var targets: [String] = []
    public var groups: [String] = []

    public init(since: WallTime, until: WallTime) {
        self.since = since
        self.until = until
    }

    func admits(_ check: HistoryCheck) -> Bool {
        Self.matches(check.name, checks) && Self.matches(check.tool, tools) && Self.matches(check.target, targets)
            && Self.matches(check.group ?? "", groups)
    }

    private static func matches(_ text: String, _ patterns: [String]) -> Bool {
        patterns.isEmpty || patterns.contains { fnmatch($0, text, 0) == 0 }
    }

    /// `90m`, `12h`, `7d`, `2w`, `1y` before `now`, or a date (`2026-01-31`) or time (`2026-01-31T12:00`, by this
    /// machine's zone unless it names one). Nil for anything else.
    public static func instant(_ text: String, before now: WallTime) -> WallTime? {
        let units: [Character: Int64] = ["m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400]
        if let unit = text.last.flatMap({ units[$0] }), let number = Int64(text.dropLast()),
            (0...100_000).contains(number)
        {
            // 300 years are more than nanoseconds can count, and longer ago than 1970.
            let (length, isTooLong) = (number * unit).multipliedReportingOverflow(by: 1_000_000_000)
            return WallTime(nanoseconds: isTooLong ? 0 : max(0, now.nanoseconds - length))
        }
        var bytes = Array(text.utf8)
        if bytes.count == 10 { bytes += "T00:00".utf8 }
        if bytes.count >= 16, bytes.dropFirst(16).first != UInt8(ascii: ":") {
            bytes.insert(contentsOf: ":00".utf8, at: 16)
        }
        let whole = String(decoding: bytes, as: UTF8.self)
        guard let time = WallTime(iso8601: whole), isOfCalendar(whole.prefix(10)) else { return nil }
        let hasZone = whole.dropFirst(19).contains { "zZ+-".contains($0) }
        return hasZone ? time : LocalTime.ofZone(time)
    }

    /// 31 February would be read as some day of March.
    private static func isOfCalendar(_ day: Substring) -> Bool {
        WallTime(iso8601: "\(day)T00:00:00Z")?.iso8601.prefix(10) == day
    }
}

/// Times of day as this machine's zone has them (localtime(3)).
public struct LocalTime: Sendable, Hashable {
    /// Of the calendar: `2026-01-31`.
    public var day: String
    public var hour: Int
    public var minute: Int

    public init(_ time: WallTime) {
        var seconds = time_t(time.nanoseconds / 1_000_000_000)
        var local = tm()
        localtime_r(&seconds, &local)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        day = "\(local.tm_year + 1900)-\(two(local.tm_mon + 1))-\(two(local.tm_mday))"
        (hour, minute) = (Int(local.tm_hour), Int(local.tm_min))
    }

    /// `2026-01-31 09:05`.
    public var text: String { "\(day) \(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)" }

    /// The zone's name now: `CET`.
    public static var zone: String {
        tzset()
        var seconds = time(nil)
        var local = tm()
        localtime_r(&seconds, &local)
        return local.tm_zone.map { String(cString: $0) } ?? "UTC"
    }

    /// The time at which this zone's clocks show what UTC's show at `time`.
    static func ofZone(_ time: WallTime) -> WallTime {
        var seconds = time_t(time.nanoseconds / 1_000_000_000)
        var fields = tm()
        gmtime_r(&seconds, &fields)
        fields.tm_isdst = -1
        return WallTime(nanoseconds: Int64(mktime(&fields)) * 1_000_000_000)
    }
}
