import FoundationEssentials
import NIOCore

extension NodeGateway {
    /// The sentences that nodes in the field know.
    enum Refusal: String {
        case format = "Invalid authentication format"
        case failed = "Authentication failed"
        case disabled = "Node disabled"
        case deleted = "Node deleted"
    }

    /// Takes the first frame. Nil when the node was refused or went away.
    func authenticate(
        _ channel: any Channel, _ inbound: inout NodeInbound, _ outbound: NodeWriter
    ) async throws -> NodeSession? {
        guard let text = try await inbound.first() else { return nil }
        let message: AuthenticationMessage
        do {
            _ = try RawObject(text)
            message = try JSONText.decode(AuthenticationMessage.self, from: text)
        } catch {
            refuse(channel, .format, Self.sentence(for: error))
            return nil
        }
        if let max = message.capabilities?.maxConcurrent, !(1...65_536).contains(max) {
            refuse(channel, .format, "\"capabilities.max_concurrent\" must lie between 1 and 65536.")
            return nil
        }
        do {
            return try await admit(message, channel, outbound)
        } catch {
            logger.error("authentication impossible", metadata: ["error": "\(error)"])
            // 1013: try again later.
            channel.triggerUserOutboundEvent(
                WireRequest.close(code: 1013, reason: "the database does not answer", message: nil), promise: nil)
            return nil
        }
    }

    private func admit(
        _ message: AuthenticationMessage, _ channel: any Channel, _ outbound: NodeWriter
    ) async throws -> NodeSession? {
        let uuid = message.nodeUUID.lowercased()
        guard let record = try await knownNode(uuid, key: message.apiKey) else {
            logger.notice("node refused", metadata: ["peer": "\(channel.remoteAddress?.description ?? "?")"])
            refuse(channel, .failed, "The node UUID or the API key is wrong.")
            return nil
        }
        guard !record.isDisabled else {
            refuse(channel, .disabled, "An operator has disabled this node.")
            return nil
        }
        let update = NodeUpdate(
            version: message.version, hostname: message.hostname, maxConcurrent: message.capabilities?.maxConcurrent)
        let connectionID = UUID().uuidString.lowercased()
        let epoch = try await store.openConnection(of: uuid, update, connectionID: connectionID, at: clock.now)
        let maxConcurrent = update.maxConcurrent ?? record.node.maxConcurrent
        let session = NodeSession(
            node: uuid, connectionID: connectionID, epoch: epoch, maxConcurrent: maxConcurrent,
            window: limits.window(maxConcurrent: maxConcurrent), loadHistory: LoadHistory(record.loadHistory),
            channel: channel)
        guard await hub.admit(session) else { return nil }
        let accepted = AcceptedMessage(
            nodeUUID: uuid, connectionID: session.connectionID, reconnect: limits.reconnect, serverTime: clock.now,
            features: limits.takesCheckResults ? ["check_results"] : nil)
        do {
            try await outbound.write([JSONText.encode(accepted)])
        } catch {
            _ = await hub.remove(session)
            throw error
        }
        events.nodeChanged(uuid)
        logger.info("node connected", metadata: ["node": "\(uuid)", "connection": "\(session.connectionID)"])
        return session
    }

    private func knownNode(_ uuid: String, key: String) async throws -> NodeRecord? {
        // NUL would end the text early in the database.
        guard uuid.utf8.count <= 64, !uuid.utf8.contains(0), let record = try await store.node(uuid) else { return nil }
        let digest = SecretDigest(of: key)
        if record.node.keyDigest.matches(digest) { return record }
        guard let old = record.oldKeyDigest, let until = record.oldKeyValidUntil, clock.now < until else { return nil }
        return old.matches(digest) ? record : nil
    }

    func refuse(_ channel: any Channel, _ refusal: Refusal, _ details: String) {
        let message = try? JSONText.encode(RefusalMessage(message: refusal.rawValue, details: details))
        // 1008: policy violation.
        channel.triggerUserOutboundEvent(
            WireRequest.close(code: 1008, reason: refusal.rawValue, message: message), promise: nil)
    }

    /// What was wrong with a message, for the peer.
    static func sentence(for error: any Error) -> String {
        switch error {
        case let failure as JSONScanner.Failure: failure.sentence
        case let error as DecodingError: error.sentence
        default: "The message cannot be read."
        }
    }
}
