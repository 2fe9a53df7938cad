import NIOConcurrencyHelpers
import NIOCore

/// An authenticated connection of a node, as the rest of the backend sees it.
final class NodeSession: Sendable {
    let node: String
    let connectionID: String
    /// Higher than that of any earlier connection of the node.
    let epoch: Int64
    let window: Int
    let maxConcurrent: Int
    /// Yields when there may be jobs to claim. Wake-ups that come while one waits are merged into it.
    let wakeUps: AsyncStream<Void>

    private struct Load {
        var outstanding: Set<String> = []
        /// Jobs bound to this node that it has not claimed yet, roughly: it only spreads `any` jobs.
        var assigned = 0
        /// By its last heartbeat.
        var reported = 0.0
        var history: LoadHistory
    }

    private let channel: any Channel
    private let wakeUp: AsyncStream<Void>.Continuation
    private let load: NIOLockedValueBox<Load>

    /// - Parameter loadHistory: from its connections before.
    init(
        node: String, connectionID: String, epoch: Int64, maxConcurrent: Int, window: Int, loadHistory: LoadHistory,
        channel: any Channel
    ) {
        load = NIOLockedValueBox(Load(history: loadHistory))
        self.node = node
        self.connectionID = connectionID
        self.epoch = epoch
        self.maxConcurrent = maxConcurrent
        self.window = window
        self.channel = channel
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func wake() {
        wakeUp.yield()
    }

    /// Ends the job loop; the connection itself ends on its own.
    func finish() {
        wakeUp.finish()
    }

    func send(_ request: WireRequest) {
        channel.triggerUserOutboundEvent(request, promise: nil)
    }

    /// Ends the connection without a word: nobody listens any more.
    func drop() {
        channel.close(promise: nil)
    }

    // MARK: What the node has

    var outstanding: Int { load.withLockedValue { $0.outstanding.count } }
    /// Whether the node has this job and owes its answer.
    func isOutstanding(_ requestID: String) -> Bool {
        load.withLockedValue { $0.outstanding.contains(requestID) }
    }
    var room: Int { max(0, window - outstanding) }
    var nodeLoad: NodeLoad {
        load.withLockedValue { load in
            NodeLoad(
                node: node, reported: load.reported, jobs: load.outstanding.count + load.assigned,
                maxConcurrent: maxConcurrent)
        }
    }

    /// What its heartbeats have said, this one too.
    func heard(_ sample: LoadHistory.Sample, at now: Instant) -> LoadHistory {
        load.withLockedValue { load in
            load.history.append(sample, at: now)
            load.reported = sample.load
            return load.history
        }
    }

    func assign(_ count: Int) {
        load.withLockedValue { $0.assigned += count }
    }

    func sent(_ requestIDs: [String]) {
        load.withLockedValue { load in
            load.outstanding.formUnion(requestIDs)
            load.assigned = max(0, load.assigned - requestIDs.count)
        }
    }

    /// The queue was found empty: whatever was assigned has gone another way.
    func foundNothing() {
        load.withLockedValue { $0.assigned = 0 }
    }

    /// These need no answer any more. Makes room, so the job loop looks again.
    func settled(_ requestIDs: some Sequence<String>) {
        load.withLockedValue { $0.outstanding.subtract(requestIDs) }
        wake()
    }
}
