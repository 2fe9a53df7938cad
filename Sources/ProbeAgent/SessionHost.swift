import Logging
import ProbeNative
import ProbeProtocol
import Synchronization

/// What the session sees of the node: a place for jobs, and the numbers of a heartbeat.
final class SessionHost: SessionSink, HeartbeatSource {
    private let uuid: String
    private let dispatcher: Dispatcher
    private let outbox: Outbox
    private let load: LoadMeter
    private let time: any TimeSource
    private let startedAt: Instant
    private let logger: Logger
    private let takesChecks = Atomic(false)

    /// The backend of the last connection takes results of the node's own checks.
    var takesCheckResults: Bool { takesChecks.load(ordering: .relaxed) }

    init(
        uuid: String, dispatcher: Dispatcher, outbox: Outbox, time: any TimeSource, logger: Logger
    ) {
        self.uuid = uuid
        self.dispatcher = dispatcher
        self.outbox = outbox
        self.time = time
        self.logger = logger
        load = LoadMeter(time: time, processors: System.processorCount)
        startedAt = time.now
    }

    func connected(_ accepted: AuthenticationAccepted) {
        takesChecks.store(accepted.features.contains("check_results"), ordering: .relaxed)
        logger.info(
            "session.connected",
            metadata: [
                "connection_id": "\(accepted.connectionID ?? "none")",
                "unsettled": "\(outbox.unsettled)",
            ])
    }
    func received(_ job: JobMessage, at now: Instant) { dispatcher.receive(job, at: now) }
    func cancel(requestID: String) { dispatcher.cancel(requestID: requestID) }
    func disconnected() {}

    var uptime: Duration { time.now - startedAt }

    func heartbeat(clockOffset: Duration?) -> [UInt8] {
        let counts = dispatcher.counts
        let usage = load.usage()
        let occupancy = Double(counts.inFlight) / Double(counts.maxConcurrent)
        return HeartbeatFrame(
            nodeUUID: uuid, uptime: Int(uptime.inSeconds), currentLoad: max(occupancy, usage.cpu / 100),
            cpuUsage: usage.cpu, memoryUsage: usage.memory, errorCount: counts.errors,
            diagnosticsExecuted: counts.executed, state: state(counts), inFlight: counts.inFlight,
            queued: counts.queued,
            maxConcurrent: counts.maxConcurrent, resultsUnsent: outbox.unsettled, rejected: counts.rejected,
            clockOffset: clockOffset, timestamp: time.wallTime
        ).encoded()
    }

    private func state(_ counts: DispatchCounts) -> NodeState {
        if counts.isDraining { return .draining }
        return outbox.isCongested ? .degraded : .ready
    }
}

/// Hands progress to the session, which is made after the dispatcher that reports it.
final class ProgressRelay: Sendable {
    private struct Weak {
        // The session holds the dispatcher, which holds this.
        weak var session: Session?
    }
    private let weak = Locked(Weak())
    func attach(_ session: Session) { weak.withLock { $0.session = session } }
    func send(_ frame: ProgressFrame) { weak.withLock { $0.session }?.sendProgress(frame) }
}
