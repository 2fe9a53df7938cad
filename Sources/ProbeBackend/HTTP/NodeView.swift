/// A node as clients see it.
struct NodeView: Encodable {
    enum Status: String, Encodable {
        case online, offline, disabled
    }

    private let record: NodeRecord
    private let session: NodeSession?

    private init(_ record: NodeRecord, _ session: NodeSession?) {
        self.record = record
        self.session = session
    }

    static func status(_ record: NodeRecord, _ session: NodeSession?) -> Status {
        if record.isDisabled { return .disabled }
        return session != nil || record.isConnected ? .online : .offline
    }

    /// - Parameter session: its connection, when it is to this process.
    static func text(_ record: NodeRecord, _ session: NodeSession?) throws -> [UInt8] {
        try JSONText.encode(
            NodeView(record, session),
            adding: [
                ("supported_tools", record.node.supportedTools), ("heartbeat", record.heartbeat),
                ("load_history", record.loadHistory ?? LoadHistory(nil).json),
            ])
    }

    private enum CodingKeys: String, CodingKey {
        case name, hostname, region, zone, tags, version, status, replica, outstanding
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
        try container.encode(record.tags.words, forKey: .tags)
        try container.encode(node.version, forKey: .version)
        try container.encode(Self.status(record, session), forKey: .status)
        try container.encode(session?.connectionID ?? record.connectionID, forKey: .connectionID)
        try container.encode(record.replica, forKey: .replica)
        try container.encode(session?.maxConcurrent ?? node.maxConcurrent, forKey: .maxConcurrent)
        try container.encode(session?.outstanding ?? 0, forKey: .outstanding)
        try container.encode(node.registeredAt, forKey: .registeredAt)
        try container.encode(record.lastSeenAt, forKey: .lastSeenAt)
    }
}
