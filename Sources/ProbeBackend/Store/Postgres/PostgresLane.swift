import Dispatch
import NIOConcurrencyHelpers

/// A thread with one connection, made when it is needed and again after it was lost.
final class PostgresLane: @unchecked Sendable {
    // `connection` is touched on `queue` only, which runs one block at a time.
    private var connection: PostgresConnection?
    private let queue: DispatchQueue
    private let url: String
    private let state = NIOLockedValueBox((waiting: 0, serverPID: Int32(0)))

    init(_ name: String, url: String) {
        queue = DispatchQueue(label: "postgres." + name)
        self.url = url
    }

    /// How many calls wait or run.
    var load: Int { state.withLockedValue { $0.waiting } }
    /// The server's process for this connection, which notifications name as their sender.
    var serverPID: Int32 { state.withLockedValue { $0.serverPID } }

    func run<T: Sendable>(_ body: @escaping @Sendable (PostgresConnection) throws -> T) async throws -> T {
        state.withLockedValue { $0.waiting += 1 }
        defer { state.withLockedValue { $0.waiting -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body(self.usable()) }) }
        }
    }

    private func usable() throws -> PostgresConnection {
        if let connection, connection.isUsable { return connection }
        // Closed first: a server has few places.
        connection = nil
        let made = try PostgresConnection(url: url)
        state.withLockedValue { $0.serverPID = made.serverPID }
        connection = made
        return made
    }
}
