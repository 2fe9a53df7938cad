/// How many there are, for who watches the fleet.
struct StoreStatus: Sendable {
    var online: Int
    var offline: Int
    var disabled: Int
    var queued: Int
    var sent: Int
}

extension SQLStore {
    /// Finished jobs are not counted: that would read all of them.
    func status() async throws -> StoreStatus {
        try await read { connection in
            func count(_ table: String) throws -> Int {
                try connection.execute("SELECT count(*) AS n FROM \(table)").first?["n"] ?? 0
            }
            let enabled = "nodes WHERE deleted_at IS NULL AND disabled = 0"
            return StoreStatus(
                online: try count("\(enabled) AND replica IS NOT NULL"),
                offline: try count("\(enabled) AND replica IS NULL"),
                disabled: try count("nodes WHERE deleted_at IS NULL AND disabled = 1"),
                queued: try count("jobs WHERE state = 'queued'"), sent: try count("jobs WHERE state = 'sent'"))
        }
    }
}
