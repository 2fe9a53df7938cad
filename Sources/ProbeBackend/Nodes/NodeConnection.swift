import Logging
import NIOCore

/// The conversation with an authenticated node: jobs go out as there is room, results are acknowledged once stored.
struct NodeConnection: Sendable {
    /// Jobs in one claim and one write.
    private static let jobBatch = 500
    private static let pauseAfterFailure = Duration.seconds(1)

    let gateway: NodeGateway
    let session: NodeSession
    let outbound: NodeWriter

    /// Returns when the node has closed.
    func run(_ inbound: inout NodeInbound) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await sendJobs() }
            defer { group.cancelAll() }
            while let messages = try await inbound.next() { try await receive(messages) }
        }
    }

    // MARK: Jobs out

    /// First what the node was sent and has not answered (it knows each by its id and runs none twice), then what is
    /// queued, whenever there may be something and the node has room.
    private func sendJobs() async {
        var resendAfter: Int64? = 0
        session.wake()
        for await _ in session.wakeUps {
            do {
                while let sequence = resendAfter { resendAfter = try await resend(after: sequence) }
                while try await sendNext() {}
            } catch is CancellationError {
                return
            } catch StoreFailure.fenced {
                // A newer connection has begun, or the node was disabled or deleted while this one did.
                session.send(.close(code: 4001, reason: "replaced", message: nil))
                return
            } catch let error as ChannelError {
                gateway.logger.debug("connection lost while sending", metadata: ["error": "\(error)"])
                return
            } catch {
                gateway.logger.error("no jobs can be taken", metadata: ["error": "\(error)"])
                guard (try? await gateway.clock.sleep(Self.pauseAfterFailure)) != nil else { return }
                session.wake()
            }
        }
    }

    /// Where to go on, nil at the end.
    private func resend(after sequence: Int64) async throws -> Int64? {
        let jobs = try await gateway.store.unanswered(
            of: session.node, epoch: session.epoch, after: sequence, limit: Self.jobBatch, at: gateway.clock.now)
        try await send(jobs)
        return jobs.last?.sequence
    }

    /// Whether there may be more.
    private func sendNext() async throws -> Bool {
        let limit = min(session.room, Self.jobBatch)
        guard limit > 0 else { return false }
        let jobs = try await gateway.store.claim(
            for: session.node, epoch: session.epoch, limit: limit, at: gateway.clock.now)
        if jobs.isEmpty { session.foundNothing() }
        try await send(jobs)
        return jobs.count == limit
    }

    private func send(_ jobs: [JobRecord]) async throws {
        guard !jobs.isEmpty else { return }
        session.sent(jobs.map(\.job.requestID))
        gateway.events.jobsChanged(jobs.map(\.job.requestID))
        try await outbound.write(
            jobs.map { record in
                let job = record.job
                let message = JobMessage(
                    requestID: job.requestID, tool: job.tool, target: job.target, priority: job.priority,
                    timeout: job.timeout, progress: job.wantsProgress ? true : nil, timestamp: gateway.clock.now)
                return try JSONText.encode(message, adding: [("parameters", job.parameters)])
            })
    }

    // MARK: Messages in

    private func receive(_ messages: [[UInt8]]) async throws {
        var mail = NodeMail(
            node: session.node, takesCheckResults: gateway.limits.takesCheckResults)
        for message in messages { mail.take(message) }
        for type in mail.ignoredTypes { gateway.logger.debug("message ignored", metadata: ["type": "\(type)"]) }

        let replies = try mail.replies(at: gateway.clock.now)
        if !replies.isEmpty { try await outbound.write(replies) }
        for (requestID, partial) in mail.partials where session.isOutstanding(requestID) {
            gateway.progress.keep(partial, of: requestID)
            gateway.events.progressed(requestID, partial)
        }
        if !mail.answers.isEmpty { try await store(mail.answers) }
        if let heartbeat = mail.heartbeat, let load = mail.load { await keep(heartbeat, load) }
    }

    private func store(_ answers: [Answer]) async throws {
        let outcomes: [AnswerOutcome]
        do {
            outcomes = try await gateway.store.record(answers, from: session.node, at: gateway.clock.now)
        } catch {
            gateway.logger.error("results not stored, connection closed", metadata: ["error": "\(error)"])
            // The node keeps what was not acknowledged and sends it again when it is back. 1013: try again later.
            session.send(.close(code: 1013, reason: "the database does not answer", message: nil))
            return
        }
        let results = zip(answers, outcomes)
        gateway.metrics.answered(results.map { ($0.0.success, $0.1) })
        session.settled(answers.map(\.requestID))
        gateway.events.jobsChanged(results.filter { $0.1 != .unknown }.map(\.0.requestID))
        gateway.progress.forget(answers.map(\.requestID))
        gateway.waiters.finished(results.lazy.filter { $0.1 == .finished }.map(\.0.requestID))
        try await outbound.write(
            results.map { answer, outcome in
                guard outcome == .unknown else {
                    return try JSONText.encode(ResultAcknowledgement(requestID: answer.requestID))
                }
                return try JSONText.encode(
                    ErrorMessage(
                        code: "unknown_job", message: "This node was sent no job with this request_id.",
                        requestID: answer.requestID))
            })
    }

    private func keep(_ heartbeat: RawJSON, _ load: LoadHistory.Sample) async {
        gateway.metrics.heartbeat()
        let now = gateway.clock.now
        let history = session.heard(load, at: now).json
        defer { gateway.events.nodeChanged(session.node) }
        do {
            try await gateway.store.keepHeartbeat(heartbeat, history, of: session.node, at: now)
        } catch {
            gateway.logger.warning("heartbeat not stored", metadata: ["error": "\(error)"])
        }
    }
}
