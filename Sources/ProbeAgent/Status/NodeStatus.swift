import ProbeNative
import ProbeProtocol

/// What a node can say of itself at one moment. Nothing in it is secret.
public struct NodeStatus: Report {
    public enum State: String, Sendable {
        /// Not yet at the point of looking for its backend.
        case starting
        /// It has no identity yet: its backend is asked for one.
        case registering
        /// Between connections: an attempt is under way, or the pause before one.
        case connecting
        /// Authenticated.
        case connected
        /// It takes no more jobs and ends.
        case draining
    }

    public struct Outbox: Sendable, Hashable {
        public var counts: OutboxCounts
        public var limits: OutboxLimits
        /// What is in it survives the process.
        public var isOnDisk: Bool
    }

    public var facts: NodeFacts
    public var time: WallTime
    public var uptime: Duration
    public var state: State
    public var connection: ConnectionStatus
    public var jobs: DispatchCounts
    public var outbox: Outbox
    /// How long each reactor takes, or has taken so far, to answer.
    public var reactorLags: [Duration]
    public var process: ProcessFigures
    public var problems: [RecentProblems.Problem]

    /// Jobs may be sent to it.
    public var isReady: Bool { state == .connected }
    /// Its reactors tick. That the backend is away is no reason to start it anew: it may hold results.
    public var isLive: Bool { reactorLags.allSatisfy { $0 < Self.longestLag } }
    /// Beyond this a reactor hangs: no tool keeps one for a tenth of it.
    static let longestLag = Duration.seconds(10)

    public func write(to writer: inout some ReportWriter) {
        writer.field("version", Version.current)
        writer.field("node_uuid", facts.nodeUUID)
        writer.field("hostname", facts.hostname)
        writer.field("backend", facts.backend)
        writer.field("time", .time(time))
        writer.field("uptime_ms", uptime)
        writer.field("state", state.rawValue)
        writer.field("ready", isReady)
        writer.field("live", isLive)
        writer.object("connection") { connection.write(to: &$0) }
        writer.object("jobs") { writer in
            writer.field("in_flight", jobs.inFlight)
            writer.field("max_concurrent", jobs.maxConcurrent)
            writer.field("queued", jobs.queued)
            writer.field("queue_limit", jobs.queueLimit)
            writer.field("executed", jobs.executed)
            writer.field("rejected", jobs.rejected)
            writer.field("unanswered", jobs.unanswered)
            writer.field("errors", jobs.errors)
        }
        writer.object("outbox") { writer in
            let counts = outbox.counts
            writer.field("entries", counts.unsettled)
            writer.field("bytes", counts.unsettledBytes)
            writer.field("max_bytes", outbox.limits.bytes)
            writer.field("oldest_ms", counts.oldestAge)
            writer.field("on_disk", outbox.isOnDisk)
            writer.field("not_on_disk", counts.notOnDisk)
            writer.field("dropped_too_old", counts.expired)
            writer.field("replayed", counts.replayed)
            writer.field("damaged", counts.damaged)
        }
        writer.array("reactors", reactorLags) { $0.field("lag_ms", $1) }
        writer.object("process") { process.write(to: &$0) }
        writer.object("hardening") { writer in
            for measure in facts.hardening?.measures ?? [] { writer.member(measure.name, .string("\(measure.state)")) }
        }
        writer.field("hardened", facts.hardening?.isComplete ?? false)
        writer.strings("warnings", facts.warnings)
        writer.array("problems", problems) { $1.write(to: &$0) }
    }
}

/// What does not change while the node runs.
public struct NodeFacts: Sendable {
    public var nodeUUID = ""
    public var hostname = ""
    public var backend = ""
    public var hardening: HardeningReport?
    /// What start-up had to say.
    public var warnings: [String] = []

    public init() {}
}

/// The way to the backend, at one moment.
public struct ConnectionStatus: Report {
    public var record: SessionRecord.State
    /// The clock's reading at that moment.
    public var now: Instant

    public func write(to writer: inout some ReportWriter) {
        writer.field("connected", record.connectedSince != nil)
        writer.field("connection_id", record.connectionID)
        writer.field("connected_ms", record.connectedSince.map { now - $0 })
        writer.field("reconnects", max(0, record.connections - 1))
        writer.field("next_attempt_in_ms", record.nextAttempt.map { max(.zero, $0 - now) })
        guard let failure = record.lastFailure else { return writer.field("last_failure", .null) }
        writer.object("last_failure") { writer in
            writer.field("reason", failure.reason)
            writer.field("error_code", failure.code)
            writer.field("time", .time(failure.at))
        }
    }
}
