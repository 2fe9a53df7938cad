import Logging
import NIOCore

/// What the connections of nodes share.
struct NodeGateway: Sendable {
    let store: SQLStore
    let hub: NodeHub
    let waiters: JobWaiters
    let progress: JobProgress
    let events: EventHub
    let metrics: Metrics
    let clock: BackendClock
    let limits: NodeLimits
    let logger: Logger

    /// Serves one connection from its first frame until it is closed.
    func serve(_ channel: NodeChannel, liveness: Liveness) async {
        do {
            try await channel.executeThenClose { inbound, outbound in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let progress = ConnectionProgress()
                    group.addTask { try await watch(channel.channel, liveness, progress) }
                    group.addTask { try await converse(channel.channel, inbound, outbound, progress) }
                    // Whichever ends first, an error or the peer's close, ends the connection.
                    defer { group.cancelAll() }
                    try await group.next()
                }
            }
        } catch is CancellationError {
        } catch {
            logger.debug("node connection ended", metadata: ["error": "\(error)"])
        }
    }

    private func converse(
        _ channel: any Channel, _ inbound: NIOAsyncChannelInboundStream<[[UInt8]]>, _ outbound: NodeWriter,
        _ progress: ConnectionProgress
    ) async throws {
        var inbound = NodeInbound(inbound)
        guard let session = try await authenticate(channel, &inbound, outbound) else {
            try await inbound.drain()
            return
        }
        progress.authenticated()
        let connection = NodeConnection(gateway: self, session: session, outbound: outbound)
        let outcome: Result<Void, any Error>
        do {
            try await connection.run(&inbound)
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await leave(session)
        try outcome.get()
    }

    /// Jobs that this node was to get and any other may do are others' again.
    private func leave(_ session: NodeSession) async {
        guard await hub.remove(session) else { return }
        logger.info("node disconnected", metadata: ["node": "\(session.node)"])
        defer { events.nodeChanged(session.node) }
        do {
            if try await store.closeConnection(of: session.node, epoch: session.epoch) { await hub.wakeAll() }
        } catch {
            logger.error("jobs of a lost node stay bound to it", metadata: ["error": "\(error)"])
        }
    }

    /// Ends what never authenticates or has died; keeps the rest awake with pings.
    private func watch(_ channel: any Channel, _ liveness: Liveness, _ progress: ConnectionProgress) async throws {
        try await clock.sleep(limits.authenticationTimeout)
        if !progress.isAuthenticated {
            let seconds = limits.authenticationTimeout.components.seconds
            refuse(channel, .failed, "No authentication came within \(seconds) seconds.")
        }
        while true {
            try await clock.sleep(limits.pingInterval)
            guard liveness.silence < limits.deadAfter else {
                logger.info("no frame for \(limits.deadAfter), connection closed")
                channel.close(promise: nil)
                return
            }
            channel.triggerUserOutboundEvent(WireRequest.ping, promise: nil)
        }
    }
}
