import ProbeTesting
import Testing

@testable import ProbeBackend

/// The engines that the store suite runs on.
enum StoreEngine: CaseIterable, CustomTestStringConvertible {
    case sqlite, postgres

    var testDescription: String { "\(self)" }

    func with(_ body: (SQLStore) async throws -> Void) async throws {
        switch self {
        case .sqlite:
            let folder = try TemporaryFolder("store")
            try await body(SQLStore.open(folder.file("store.db")))
            withExtendedLifetime(folder) {}
        case .postgres:
            try await body(SQLStore.open(try await PostgresServer.shared().makeDatabase()))
        }
    }
}

extension Instant {
    static let start = Instant(milliseconds: 1_767_225_600_000)
}

extension NewNode {
    static func sample(_ uuid: String) -> NewNode {
        NewNode(
            uuid: uuid, keyDigest: SecretDigest(of: "key of \(uuid)"), name: "node \(uuid)", hostname: nil,
            region: "eu", zone: nil, internalIP: nil, version: "1.0.0", maxConcurrent: 256,
            supportedTools: RawJSON(checked: Array(#"{"ping": true}"#.utf8)), hardwareInfo: nil, networkInfo: nil,
            registeredAt: .start)
    }
}

extension NewJob {
    static func sample(_ id: String, node: String? = nil, any: Bool = false, priority: Int = 1) -> NewJob {
        NewJob(
            requestID: id, node: node, anyNode: any, tool: "ping", target: "127.0.0.1",
            parameters: RawJSON(checked: Array(#"{"count":1.0}"#.utf8)), priority: priority, timeout: 5,
            wantsProgress: false, createdAt: .start, expiresAt: Instant.start.adding(seconds: 60))
    }
}

extension Answer {
    static func sample(_ id: String, success: Bool = true, result: String = #"{"success": true}"#) -> Answer {
        Answer(
            requestID: id, success: success, executionTime: 0.5, result: RawJSON(checked: Array(result.utf8)))
    }
}

extension SQLStore {
    /// Registers nodes with a token made for it, and opens a connection of each.
    func register(_ uuids: String...) async throws -> Int64 {
        var epoch: Int64 = 0
        for uuid in uuids {
            let (token, secret) = try TokenOrder().make(at: .start)
            try await insert(token)
            guard try await register(.sample(uuid), token: secret.digest) else { throw Unexpected("token refused") }
            epoch = try await openConnection(of: uuid, NodeUpdate(), connectionID: "c", at: .start)
        }
        return epoch
    }

    func job(_ id: String) async throws -> JobRecord? { try await jobs([id]).first }
}
