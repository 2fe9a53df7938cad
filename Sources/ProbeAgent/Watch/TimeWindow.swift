import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// Hours of the week in local time: `mon-fri 08:00-18:00`. One that ends before it begins runs past midnight and belongs
/// to the day on which it begins.
public struct TimeWindow: Sendable, Hashable {
    /// What a person may write, continuing "X must be ...".
    static let allowed = "hours such as 08:00-18:00, with days before them if not on all: mon-fri 08:00-18:00"
    private static let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    /// 0 is Monday.
    var days: Set<Int>
    /// Minutes since midnight; `end` is the first minute outside.
    var start: Int
    var end: Int

    /// Nil for what is no window.
    init?(_ text: String) {
        let words = text.lowercased().split(separator: " ")
        guard let hours = words.last, words.count <= 2 else { return nil }
        guard let days = words.count == 2 ? Self.days(words[0]) : Set(0...6) else { return nil }
        let ends = hours.split(separator: "-", omittingEmptySubsequences: false).map(Self.minute)
        guard ends.count == 2, let start = ends[0], let end = ends[1], start != end, start < 1440 else { return nil }
        self.days = days
        self.start = start
        self.end = end
    }

    /// `mon-fri`, `sat,sun`, `fri-mon`.
    private static func days(_ text: Substring) -> Set<Int>? {
        var days: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map {
                names.firstIndex(of: String($0))
            }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1] else { return nil }
            days.formUnion((first...(last < first ? last + 7 : last)).map { $0 % 7 })
        }
        return days
    }

    private static func minute(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= 1440
        else { return nil }
        return hour * 60 + minute
    }

    func contains(day: Int, minute: Int) -> Bool {
        if start < end { return days.contains(day) && (start..<end).contains(minute) }
        return minute >= start && days.contains(day) || minute < end && days.contains((day + 6) % 7)
    }
}

extension Check.Timing {
    /// Whether a run may start: by the clock on the wall and the zone of the process (tzset(3)).
    func isOpen(at time: WallTime) -> Bool {
        if windows.isEmpty { return true }
        var seconds = time_t(time.nanoseconds / 1_000_000_000)
        var local = tm()
        guard localtime_r(&seconds, &local) != nil else { return true }
        let (day, minute) = ((Int(local.tm_wday) + 6) % 7, Int(local.tm_hour) * 60 + Int(local.tm_min))
        return windows.contains { $0.contains(day: day, minute: minute) }
    }
}
