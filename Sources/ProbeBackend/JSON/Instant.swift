import FoundationEssentials

/// A moment as milliseconds since 1970, which in JSON is ISO 8601 UTC with milliseconds.
public struct Instant: Sendable, Equatable, Comparable, Encodable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    public static func < (one: Instant, other: Instant) -> Bool { one.milliseconds < other.milliseconds }

    func adding(seconds: Double) -> Instant {
        Instant(milliseconds: milliseconds + Int64((seconds * 1000).rounded()))
    }

    /// `2026-01-02T03:04:05.678Z`
    public var text: String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension BackendClock {
    var now: Instant { Instant(milliseconds: wallMilliseconds()) }
}
