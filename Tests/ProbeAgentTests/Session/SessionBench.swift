import Logging
import ProbeNative
import ProbeProtocol
import ProbeTesting

@testable import ProbeAgent

/// A session with the peer that it talks to, and what either says.
final class SessionBench: Sendable {
    let controller: FakeController
    let time = ManualTime()
    let outbox: Outbox
    let results: CountingResults
    let sink = RecordingSink()
    let log = EventLog<LogLine>()
    let session: Session
    private let running: Task<Void, Never>

    init(
        _ controller: FakeController, backend: String? = nil, caFile: String? = nil, keyFile: String? = nil,
        access: BackendAccess = BackendAccess(), limits: OutboxLimits = OutboxLimits()
    ) throws {
        self.controller = controller
        // Certificates are made for the present.
        time.stepWallClock(by: .nanoseconds(SystemTime().wallTime.nanoseconds - time.wallTime.nanoseconds))
        outbox = Outbox(time: time, limits: limits)
        results = CountingResults(outbox)
        var reconnect = ReconnectPolicy()
        // So that delays are exact.
        reconnect.jitter = 0
        let configuration = SessionConfiguration(
            backend: try BackendURL(backend ?? controller.url), nodeUUID: "node-1", apiKey: Secret("pnode_secret"),
            version: "9.9.9", hostname: "bench", tools: ["ping", "dns"], maxConcurrent: 7, reconnect: reconnect,
            caFile: caFile, apiKeyFile: keyFile, access: access)
        let session = try Session(
            configuration, sink: sink, results: results, heartbeats: FixedHeartbeat(), time: time,
            logger: Logger(label: "session") { [log] _ in RecordingLog(log) })
        self.session = session
        running = Task { await session.run() }
    }

    /// A controller and a session for the length of `body`.
    static func with(
        certificate: CertificateFiles? = nil, receiveBuffer: Int? = nil, caFile: String? = nil,
        policy: JSONValue? = nil, limits: OutboxLimits = OutboxLimits(), _ body: (SessionBench) async throws -> Void
    ) async throws {
        try await FakeController.with(certificate: certificate, receiveBuffer: receiveBuffer) { controller in
            if let policy { try await controller.policy(policy) }
            try await SessionBench(controller, caFile: caFile, limits: limits).use(body)
        }
    }

    /// The session ends with `body`.
    func use(_ body: (SessionBench) async throws -> Void) async throws {
        do {
            try await body(self)
            await end()
        } catch {
            await end()
            throw error
        }
    }

    func end() async {
        await session.stop(flushUntil: time.now)
        await running.value
    }

    /// Returns when `run` has.
    func ended() async { await running.value }

    /// Returns when the node is connected, its results may go.
    func connected() async throws { _ = try await sink.events.next("connected") { $0 == .connected } }

    /// The reason of the next end of a connection or an attempt, and the delay after it in milliseconds.
    func failure() async throws -> (reason: String, code: String?, delay: Int) {
        let line = try await log.next("session.ended") { $0.message == "session.ended" }
        // The connection's own alarm is off by then; this is the pause.
        await time.sleepers(1)
        return (
            line.metadata["reason"] ?? "", line.metadata["error_code"],
            line.metadata["reconnect_in_ms"].flatMap { Int($0) } ?? -1
        )
    }

    func pass(milliseconds: Int) { time.advance(by: .milliseconds(milliseconds)) }

    /// A result of some size, as the dispatcher would leave it.
    func put(_ requestID: String, size: Int = 0) {
        let body = String(repeating: "x", count: size)
        let text =
            #"{"type":"diagnostic_response","request_id":"\#(requestID)","result":{"success":true,"body":"\#(body)"}}"#
        outbox.append(requestID: requestID, Array(text.utf8))
    }
}

/// What reaches the node from its session.
final class RecordingSink: SessionSink {
    enum Event: Sendable, Hashable {
        case connected, disconnected
        case job(JobMessage)
        case cancel(String)
    }
    let events = EventLog<Event>()
    /// What the node does with a job before it takes the next message.
    let work = Locked<(@Sendable () -> Void)?>(nil)

    func connected(_ accepted: AuthenticationAccepted) { events.append(.connected) }
    func received(_ job: JobMessage, at now: Instant) {
        work.withLock { $0 }?()
        events.append(.job(job))
    }
    func cancel(requestID: String) { events.append(.cancel(requestID)) }
    func disconnected() { events.append(.disconnected) }

    func job() async throws -> JobMessage {
        let event = try await events.next("job") { if case .job = $0 { true } else { false } }
        guard case .job(let job) = event else { throw CancellationError() }
        return job
    }
}

/// The outbox, with a count of what the session took from it.
final class CountingResults: ResultSource {
    private let outbox: Outbox
    private let pulled = Locked(0)

    init(_ outbox: Outbox) { self.outbox = outbox }

    var pulledBytes: Int { pulled.withLock { $0 } }

    func open(_ wake: @escaping @Sendable () -> Void) { outbox.open(wake) }
    func close() { outbox.close() }
    func pull(atMost bytes: Int) -> [OutboundEntry] {
        let batch = outbox.pull(atMost: bytes)
        pulled.withLock { $0 += batch.reduce(0) { $0 + $1.bytes.count } }
        return batch
    }
    func settle(requestID: String) { outbox.settle(requestID: requestID) }
    func settle(through sequence: UInt64) { outbox.settle(through: sequence) }
    func shrinkLargestUnsettled() { outbox.shrinkLargestUnsettled() }
    var hasUnsettled: Bool { outbox.hasUnsettled }
    var isCongested: Bool { outbox.isCongested }
    func emptied() async { await outbox.emptied() }
}

struct FixedHeartbeat: HeartbeatSource {
    func heartbeat(clockOffset: Duration?) -> [UInt8] { Array(#"{"type":"heartbeat","node_uuid":"node-1"}"#.utf8) }
}

struct LogLine: Sendable, CustomStringConvertible {
    var level: Logger.Level
    var message: String
    var metadata: [String: String]
    var description: String { "\(level) \(message) \(metadata)" }
}

struct RecordingLog: LogHandler {
    var metadataProvider: Logger.MetadataProvider?
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace
    private let lines: EventLog<LogLine>

    init(_ lines: EventLog<LogLine>) { self.lines = lines }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        lines.append(
            LogLine(level: event.level, message: "\(event.message)", metadata: all.mapValues { "\($0)" }))
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
}
