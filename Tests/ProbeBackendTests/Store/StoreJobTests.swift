import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct StoreJobTests {
    @Test(arguments: StoreEngine.allCases)
    func claimsMostUrgentFirstThenInOrder(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let epoch = try await store.register("a")
            try await store.insert([
                .sample("1", node: "a"), .sample("2", node: "a", priority: 9), .sample("3", any: true),
                .sample("4", node: "a"),
            ])
            let first = try await store.claim(for: "a", epoch: epoch, limit: 2, at: .start)
            #expect(first.map(\.job.requestID) == ["2", "1"])
            let rest = try await store.claim(for: "a", epoch: epoch, limit: 10, at: .start)
            #expect(rest.map(\.job.requestID) == ["4", "3"])
            #expect(rest.allSatisfy { $0.state == .sent && $0.sends == 1 && $0.job.node == "a" })
            #expect(try await store.claim(for: "a", epoch: epoch, limit: 10, at: .start).isEmpty)
            #expect(try await store.job("1")?.job.parameters.bytes == Array(#"{"count":1.0}"#.utf8))
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func anOlderConnectionGetsNoJobs(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let old = try await store.register("a")
            let new = try await store.openConnection(of: "a", NodeUpdate(), connectionID: "c", at: .start)
            try await store.insert([.sample("1", node: "a")])
            await #expect(throws: StoreFailure.fenced) {
                try await store.claim(for: "a", epoch: old, limit: 1, at: .start)
            }
            await #expect(throws: StoreFailure.fenced) {
                try await store.unanswered(of: "a", epoch: old, after: 0, limit: 1, at: .start)
            }
            #expect(try await store.claim(for: "a", epoch: new, limit: 1, at: .start).count == 1)
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func insertsAllOrNone(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            _ = try await store.register("a")
            try await store.insert([.sample("1", node: "a")])
            await #expect(throws: StoreFailure.duplicateRequestID("1")) {
                try await store.insert([.sample("2", node: "a"), .sample("1", node: "a")])
            }
            await #expect(throws: StoreFailure.unknownNode("nobody")) {
                try await store.insert([.sample("3", node: "a"), .sample("4", node: "nobody")])
            }
            #expect(try await store.jobs(["1", "2", "3", "4"]).map(\.job.requestID) == ["1"])
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func aFailedWriteTakesNoOtherWithIt(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            _ = try await store.register("a")
            try await store.insert([.sample("taken", node: "a")])
            let stored = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<200 {
                    let id = index % 2 == 0 ? "job\(index)" : "taken"
                    group.addTask { (try? await store.insert([.sample(id, node: "a")])) != nil }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(stored == 100)
            #expect(try await store.jobs((0..<200).map { "job\($0)" }).count == 100)
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func unansweredJobsAreHandedOutAgain(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let epoch = try await store.register("a")
            try await store.insert((1...5).map { .sample("\($0)", node: "a") })
            _ = try await store.claim(for: "a", epoch: epoch, limit: 4, at: .start)
            _ = try await store.record([.sample("2")], from: "a", at: .start)
            let again = try await store.openConnection(of: "a", NodeUpdate(), connectionID: "c", at: .start)
            let first = try await store.unanswered(of: "a", epoch: again, after: 0, limit: 2, at: .start)
            #expect(first.map(\.job.requestID) == ["1", "3"])
            #expect(first.allSatisfy { $0.sends == 2 })
            let last = try #require(first.last?.sequence)
            let rest = try await store.unanswered(of: "a", epoch: again, after: last, limit: 2, at: .start)
            #expect(rest.map(\.job.requestID) == ["4"])
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func jobsForAnyNodeAreReleasedUnlessSent(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let epoch = try await store.register("b")
            let other = try await store.register("a")
            try await store.insert([
                .sample("sent", node: "a", any: true, priority: 5), .sample("own", node: "a"),
                .sample("free", node: "a", any: true),
            ])
            _ = try await store.claim(for: "a", epoch: other, limit: 1, at: .start)
            #expect(try await store.closeConnection(of: "a", epoch: other))
            #expect(try await !store.closeConnection(of: "a", epoch: other))
            #expect(
                try await store.claim(for: "b", epoch: epoch, limit: 9, at: .start).map(\.job.requestID) == ["free"])
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func expiresWhatIsDueAndSaysWhoHasIt(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let epoch = try await store.register("a")
            try await store.insert([.sample("sent", node: "a", priority: 2), .sample("queued", node: "a")])
            _ = try await store.claim(for: "a", epoch: epoch, limit: 1, at: .start)
            #expect(try await store.expire(at: Instant.start.adding(seconds: 59.9), limit: 10).isEmpty)
            let due = Instant.start.adding(seconds: 60)
            #expect(try await store.claim(for: "a", epoch: epoch, limit: 1, at: due).isEmpty)
            let ended = try await store.expire(at: due, limit: 10)
            #expect(Set(ended.map(\.requestID)) == ["sent", "queued"])
            #expect(ended.first { $0.requestID == "sent" }?.holder == "a")
            #expect(ended.first { $0.requestID == "queued" }?.holder == nil)
            #expect(try await store.job("queued")?.state == .expired)
            #expect(try await store.expire(at: due, limit: 10).isEmpty)
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func cancelsWhatIsOpen(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let epoch = try await store.register("a")
            try await store.insert([.sample("sent", node: "a", priority: 2), .sample("queued", node: "a")])
            _ = try await store.claim(for: "a", epoch: epoch, limit: 1, at: .start)
            #expect(
                try await store.cancel("sent", at: .start) == .cancelled(EndedJob(requestID: "sent", holder: "a")))
            #expect(
                try await store.cancel("queued", at: .start) == .cancelled(EndedJob(requestID: "queued", holder: nil)))
            #expect(try await store.cancel("queued", at: .start) == .alreadyFinished)
            #expect(try await store.cancel("nothing", at: .start) == .notFound)
            #expect(try await store.claim(for: "a", epoch: epoch, limit: 9, at: .start).isEmpty)
        }
    }
}
