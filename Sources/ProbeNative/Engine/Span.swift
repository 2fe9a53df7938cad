/// One thing that a diagnostic did: when it began and ended, what came of it, and the things that it was made of. A job
/// has none unless somebody asked for it (`Engine.start`): recording costs each place of all others one look at a nil.
public final class Span: @unchecked Sendable {
    // @unchecked: handed over before the probe starts, and touched on its reactor's thread alone from then on; everybody
    // else gets a `record`.

    /// What was done. The list is published (docs/explain.md).
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case job, queue, run
        case policy, resolve, lookup, query
        case connect, trust, tls, verify
        /// One HTTP request, and its parts.
        case request, send, response, body
        /// Something said to a peer and what it answered.
        case exchange
        case hop, probe, pause
        case validate, expectation
        case stop, verdict, encode
    }

    /// A span as it stood at some instant.
    public struct Record: Sendable, Hashable {
        public var kind: Kind
        public var name: String
        public var start: Instant
        public var end: Instant
        /// What came of it, in a few words; nil for what ended without any, or has not ended.
        public var outcome: String?
        public var isFailed: Bool
        /// It had not ended yet.
        public var isOpen: Bool
        /// In the order in which they began.
        public var children: [Record]
        /// Children that there was no room for.
        public var omitted: Int

        public var duration: Duration { end - start }

        public init(
            kind: Kind, name: String, start: Instant, end: Instant, outcome: String? = nil, isFailed: Bool = false,
            isOpen: Bool = false, children: [Record] = [], omitted: Int = 0
        ) {
            (self.kind, self.name, self.start, self.end) = (kind, name, start, end)
            (self.outcome, self.isFailed, self.isOpen) = (outcome, isFailed, isOpen)
            (self.children, self.omitted) = (children, omitted)
        }
    }

    /// Children of one span.
    static let limit = 4096

    private let time: any TimeSource
    private let kind: Kind
    private let name: String
    private let start: Instant
    private var end: Instant?
    private var outcome: String?
    private var isFailed = false
    private var children: [Span] = []
    private var omitted = 0

    public init(_ kind: Kind, _ name: String, at start: Instant? = nil, time: any TimeSource) {
        (self.kind, self.name, self.time) = (kind, name, time)
        self.start = start ?? time.now
    }

    /// A part of this one. Nil when there are too many.
    func begin(_ kind: Kind, _ name: String, at start: Instant? = nil) -> Span? {
        guard children.count < Self.limit else {
            omitted += 1
            return nil
        }
        let child = Span(kind, name, at: start, time: time)
        children.append(child)
        return child
    }

    /// The first end counts.
    func end(_ outcome: String? = nil, isFailed: Bool = false, at instant: Instant? = nil) {
        guard end == nil else { return }
        end = max(start, instant ?? time.now)
        self.outcome = outcome
        self.isFailed = isFailed
    }

    /// What it was waiting for fails with it.
    func fail(_ failure: ProbeFailure) {
        guard end == nil else { return }
        for child in children { child.fail(failure) }
        end("\(failure.code.rawValue): \(failure.detail)", isFailed: true)
    }

    /// A part that is over already, or took no time worth telling.
    func note(
        _ kind: Kind, _ name: String, _ outcome: String? = nil, isFailed: Bool = false, from start: Instant? = nil,
        to instant: Instant? = nil
    ) {
        begin(kind, name, at: start)?.end(outcome, isFailed: isFailed, at: instant ?? start)
    }

    /// This one and all below it, as they are now.
    public func record() -> Record { record(at: time.now) }

    private func record(at now: Instant) -> Record {
        Record(
            kind: kind, name: name, start: start, end: end ?? max(start, now), outcome: outcome, isFailed: isFailed,
            isOpen: end == nil, children: children.map { $0.record(at: now) }, omitted: omitted)
    }
}
