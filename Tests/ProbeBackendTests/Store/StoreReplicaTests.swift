import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct StoreReplicaTests {
    private func withTwo(_ body: (SQLStore, SQLStore) async throws -> Void) async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        let (one, other) = (try await SQLStore.open(database), try await SQLStore.open(database))
        try await one.join(at: .start)
        try await other.join(at: .start)
        try await body(one, other)
    }

    @Test func aDeadReplicasNodesAreOfflineAndItsJobsFree() async throws {
        try await withTwo { one, other in
            _ = try await one.register("a")
            let epoch = try await other.register("b")
            try await one.insert([.sample("any", node: "a", any: true), .sample("own", node: "a")])
            let seen = try #require(try await other.beats()[one.replica])
            #expect(try await one.beat())
            // It has beaten since it was looked at: it is not dead.
            try await other.bury(one.replica, lastBeat: seen)
            #expect(try await other.node("a")?.isConnected == true)
            try await other.bury(one.replica, lastBeat: seen + 1)
            #expect(try await other.node("a")?.isConnected == false)
            #expect(try await other.node("b")?.isConnected == true)
            let claimed = try await other.claim(for: "b", epoch: epoch, limit: 9, at: .start)
            #expect(claimed.map(\.job.requestID) == ["any"])
            // It only slept, and learns of it.
            #expect(try await !one.beat())
            try await one.join(at: .start)
            try await one.keepConnection(of: "a", epoch: 1, connectionID: "c")
            #expect(try await other.node("a")?.replica == one.replica)
        }
    }

    @Test func anOldConnectionsEndDoesNotEndTheNewOne() async throws {
        try await withTwo { one, other in
            let old = try await one.register("a")
            let new = try await other.openConnection(of: "a", NodeUpdate(), connectionID: "new", at: .start)
            #expect(try await !one.closeConnection(of: "a", epoch: old))
            #expect(try await one.node("a")?.connectionID == "new")
            #expect(try await one.epochsElsewhere()["a"] == new)
            _ = try await other.closeConnection(of: "a", epoch: new)
            #expect(try await one.node("a")?.isConnected == false)
        }
    }

    @Test func freeJobsAreClaimedOnceByReplicasAtOnce() async throws {
        try await withTwo { one, other in
            let epochs = (try await one.register("a"), try await other.register("b"))
            try await one.insert((0..<1000).map { .sample("job\($0)", any: true) })
            let claimed = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<40 {
                    group.addTask {
                        try await one.claim(for: "a", epoch: epochs.0, limit: 30, at: .start).map(\.job.requestID)
                    }
                    group.addTask {
                        try await other.claim(for: "b", epoch: epochs.1, limit: 30, at: .start).map(\.job.requestID)
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(claimed.count == 1000)
            #expect(Set(claimed).count == 1000)
        }
    }

    @Test func aCancelIsTakenOnceByTheReplicaThatHasTheNode() async throws {
        try await withTwo { one, other in
            let epoch = try await one.register("a")
            try await other.insert([.sample("1", node: "a")])
            _ = try await one.claim(for: "a", epoch: epoch, limit: 1, at: .start)
            _ = try await other.cancel("1", at: .start)
            #expect(try await other.takeEndedElsewhere().isEmpty)
            #expect(try await one.takeEndedElsewhere() == [EndedJob(requestID: "1", holder: "a")])
            #expect(try await one.takeEndedElsewhere().isEmpty)
            #expect(try await one.finished(of: ["1", "2"]) == ["1"])
        }
    }
}
