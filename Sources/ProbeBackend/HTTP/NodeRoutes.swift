import Hummingbird

/// `/api/v1/nodes`
struct NodeRoutes: Sendable {
    let store: SQLStore
    let hub: NodeHub

    func add(to group: RouterGroup<some RequestContext>) {
        group.get("nodes") { _, _ in try await list() }
    }

    private func list() async throws -> Response {
        var texts: [[UInt8]] = []
        for record in try await store.nodes() {
            let view = NodeView(record, await hub.session(of: record.node.uuid))
            texts.append(
                try JSONText.encode(
                    view, adding: [("supported_tools", record.node.supportedTools), ("heartbeat", record.heartbeat)]))
        }
        return .json(JSONText.list("nodes", texts))
    }
}

/// A node as clients see it.
struct NodeView: Encodable {
    private let record: NodeRecord
    private let session: NodeSession?

    init(_ record: NodeRecord, _ session: NodeSession?) {
        self.record = record
        self.session = session
    }

    private enum CodingKeys: String, CodingKey {
        case name, hostname, region, zone, version, status, outstanding
        case nodeUUID = "node_uuid"
        case connectionID = "connection_id"
        case maxConcurrent = "max_concurrent"
        case registeredAt = "registered_at"
        case lastSeenAt = "last_seen_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        let node = record.node
        try container.encode(node.uuid, forKey: .nodeUUID)
        try container.encode(node.name, forKey: .name)
        try container.encode(node.hostname, forKey: .hostname)
        try container.encode(node.region, forKey: .region)
        try container.encode(node.zone, forKey: .zone)
        try container.encode(node.version, forKey: .version)
        try container.encode(session == nil ? "offline" : "online", forKey: .status)
        try container.encode(session?.connectionID, forKey: .connectionID)
        try container.encode(session?.maxConcurrent ?? node.maxConcurrent, forKey: .maxConcurrent)
        try container.encode(session?.outstanding ?? 0, forKey: .outstanding)
        try container.encode(node.registeredAt, forKey: .registeredAt)
        try container.encode(record.lastSeenAt, forKey: .lastSeenAt)
    }
}
