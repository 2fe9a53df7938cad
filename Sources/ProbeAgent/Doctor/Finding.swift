import ProbeNative

/// What the doctor says of one thing.
public struct Finding: Sendable, Hashable {
    public enum State: String, Sendable, Hashable {
        case good = "ok"
        /// The node works; something is less than it could be.
        case warning
        /// The node does not work as it should.
        case failed
        /// Not looked at, for the reason that is given.
        case skipped
    }

    public var name: String
    public var state: State
    /// What was found.
    public var detail: String
    /// What to do about it, where there is something to do.
    public var advice: String?
    /// How long it took, where that says something.
    public var duration: Duration?

    init(
        _ name: String, _ state: State, _ detail: String, advice: String? = nil, took duration: Duration? = nil
    ) {
        self.name = name
        self.state = state
        self.detail = detail
        self.advice = advice
        self.duration = duration
    }
}

extension Finding: Report {
    public func write(to writer: inout some ReportWriter) {
        writer.field("name", name)
        writer.field("state", state.rawValue)
        writer.field("detail", detail)
        writer.field("advice", advice)
        writer.field("duration_ms", duration)
    }
}

/// A whole examination.
public struct DoctorReport: Sendable {
    public struct Group: Sendable {
        public var title: String
        public var findings: [Finding] = []
    }

    public var groups: [Group] = []

    public init() {}

    public func count(_ state: Finding.State) -> Int {
        groups.reduce(0) { $0 + $1.findings.count { $0.state == state } }
    }

    /// Warnings do not count.
    public var isGood: Bool { count(.failed) == 0 }
}

extension DoctorReport: Report {
    public func write(to writer: inout some ReportWriter) {
        writer.field("version", Version.current)
        writer.field("ok", isGood)
        writer.field("failed", count(.failed))
        writer.field("warnings", count(.warning))
        writer.array("groups", groups) { writer, group in
            writer.field("title", group.title)
            writer.array("findings", group.findings) { writer, finding in finding.write(to: &writer) }
        }
    }
}
