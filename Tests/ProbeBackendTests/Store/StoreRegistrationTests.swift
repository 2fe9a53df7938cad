import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct StoreRegistrationTests {
    @Test(arguments: StoreEngine.allCases)
    func aTokenIsGoodForItsUsesOnly(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let (token, secret) = try TokenOrder(uses: 2).make(at: .start)
            try await store.insert(token)
            #expect(try await store.register(.sample("a"), token: secret.digest))
            #expect(try await store.register(.sample("b"), token: secret.digest))
            #expect(try await !store.register(.sample("c"), token: secret.digest))
            #expect(try await store.nodes().map(\.node.uuid) == ["a", "b"])
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func anExpiredOrUnknownTokenIsRefused(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let (token, secret) = try TokenOrder(secondsToLive: 10).make(at: .start)
            try await store.insert(token)
            var late = NewNode.sample("late")
            late.registeredAt = Instant.start.adding(seconds: 10)
            #expect(try await !store.register(late, token: secret.digest))
            #expect(try await !store.register(.sample("x"), token: SecretDigest(of: "pnrt_other")))
            #expect(try await store.nodes().isEmpty)
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func aSpentTokenRacedByManyRegistersOne(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let (token, secret) = try TokenOrder(uses: 1).make(at: .start)
            try await store.insert(token)
            let registered = try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<20 {
                    group.addTask { try await store.register(.sample("n\(index)"), token: secret.digest) }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(registered == 1)
            #expect(try await store.nodes().count == 1)
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func keepsWhatANodeSaidOfItself(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            _ = try await store.register("a")
            let update = NodeUpdate(version: "2.0.0", hostname: "h", maxConcurrent: 9)
            _ = try await store.openConnection(of: "a", update, connectionID: "c", at: Instant.start.adding(seconds: 1))
            let heartbeat = RawJSON(checked: Array(#"{"uptime": 1}"#.utf8))
            try await store.keepHeartbeat(
                heartbeat, RawJSON(checked: Array("[]".utf8)), of: "a", at: Instant.start.adding(seconds: 2))
            let record = try #require(try await store.node("a"))
            #expect(record.node.version == "2.0.0")
            #expect(record.node.hostname == "h")
            #expect(record.node.maxConcurrent == 9)
            #expect(record.node.region == "eu")
            #expect(record.node.supportedTools?.bytes == Array(#"{"ping": true}"#.utf8))
            #expect(record.node.keyDigest.matches(SecretDigest(of: "key of a")))
            #expect(record.heartbeat == heartbeat)
            #expect(record.lastSeenAt == Instant.start.adding(seconds: 2))
            let other = try await store.node("b")
            #expect(other?.node.uuid == nil)
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func eachConnectionHasAHigherEpoch(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let first = try await store.register("a")
            let second = try await store.openConnection(of: "a", NodeUpdate(), connectionID: "c", at: .start)
            #expect(second > first)
            await #expect(throws: StoreFailure.unknownNode("b")) {
                try await store.openConnection(of: "b", NodeUpdate(), connectionID: "c", at: .start)
            }
        }
    }
}
