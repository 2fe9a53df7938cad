import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct StoreNodeAdministrationTests {
    @Test(arguments: StoreEngine.allCases)
    func nodesAreFoundByWhatTheyAre(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            _ = try await store.register("a", "b", "c")
            _ = try await store.change(
                "a", NodeChange(name: "100%", region: .some("us"), zone: .some("z"), tags: Tags(["x", "y.z"])))
            _ = try await store.change("b", NodeChange(name: "100x", tags: Tags(["xx"]), isDisabled: true))
            func found(_ filter: NodeFilter) async throws -> [String] {
                try await store.nodes(filter, after: nil, limit: 9).map(\.node.uuid)
            }
            #expect(try await found(NodeFilter()) == ["a", "b", "c"])
            #expect(try await found(NodeFilter(region: "eu")) == ["b", "c"])
            #expect(try await found(NodeFilter(zone: "z")) == ["a"])
            #expect(try await found(NodeFilter(tag: "x")) == ["a"])
            #expect(try await found(NodeFilter(text: "0%")) == ["a"])
            #expect(try await found(NodeFilter(text: "NODE C")) == ["c"])
            #expect(try await found(NodeFilter(isDisabled: true)) == ["b"])
            #expect(try await found(NodeFilter(region: "us", text: "c", isDisabled: false)) == [])
            #expect(try await store.nodes(NodeFilter(), after: ("100%", "a"), limit: 1).map(\.node.uuid) == ["b"])
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func aChangeLeavesWhatItDoesNotName(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            _ = try await store.register("a")
            let changed = try #require(try await store.change("a", NodeChange(region: .some(nil))))
            #expect(changed.node.region == nil)
            #expect(changed.node.name == "node a")
            #expect(try await store.change("a", NodeChange())?.node.name == "node a")
            let missing = try await store.change("b", NodeChange(name: "x"))
            #expect(missing?.node.uuid == nil)
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func disablingFencesAndRefuses(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let epoch = try await store.register("a")
            _ = try await store.change("a", NodeChange(isDisabled: true))
            await #expect(throws: StoreFailure.fenced) {
                _ = try await store.claim(for: "a", epoch: epoch, limit: 1, at: .start)
            }
            await #expect(throws: StoreFailure.unknownNode("a")) {
                _ = try await store.openConnection(of: "a", NodeUpdate(), connectionID: "c", at: .start)
            }
            _ = try await store.change("a", NodeChange(isDisabled: false))
            #expect(try await store.openConnection(of: "a", NodeUpdate(), connectionID: "c", at: .start) > epoch)
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func aRotatedKeyKeepsTheOldOneForAWhile(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            _ = try await store.register("a")
            let until = Instant.start.adding(seconds: 60)
            #expect(try await store.rotateKey(of: "a", to: SecretDigest(of: "new"), oldValidUntil: until))
            let record = try #require(try await store.node("a"))
            #expect(record.node.keyDigest.matches(SecretDigest(of: "new")))
            #expect(record.oldKeyDigest?.matches(SecretDigest(of: "key of a")) == true)
            #expect(record.oldKeyValidUntil == until)
            #expect(try await store.rotateKey(of: "a", to: SecretDigest(of: "newer"), oldValidUntil: nil))
            #expect(try await store.node("a")?.oldKeyValidUntil == nil)
            #expect(try await !store.rotateKey(of: "b", to: SecretDigest(of: "new"), oldValidUntil: nil))
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func deletionEndsWhatIsOpen(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let epoch = try await store.register("a")
            try await store.insert([.sample("done", node: "a"), .sample("sent", node: "a")])
            _ = try await store.claim(for: "a", epoch: epoch, limit: 2, at: .start)
            _ = try await store.record([.sample("done")], from: "a", at: .start)
            try await store.insert([.sample("queued", node: "a"), .sample("free", node: "a", any: true)])

            let ended = try #require(try await store.deleteNode("a", at: .start))
            #expect(Set(ended.map(\.requestID)) == ["sent", "queued"])
            #expect(ended.first { $0.requestID == "sent" }?.holder == "a")
            for (id, state) in [
                ("done", JobState.done), ("sent", .failed), ("queued", .failed), ("free", .queued),
            ] {
                #expect(try await store.job(id)?.state == state, "\(id)")
            }
            #expect(try await store.job("sent")?.errorCode == "node_deleted")
            #expect(try await store.job("free")?.job.node == nil)
            #expect(try await store.job("done")?.nodeName == "node a")
            #expect(try await store.node("a")?.node.uuid == nil)
            let again = try await store.deleteNode("a", at: .start)
            #expect(again == nil)
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func theFleetIsCounted(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let epoch = try await store.register("a", "b", "c")
            _ = try await store.change("a", NodeChange(isDisabled: true))
            _ = try await store.deleteNode("b", at: .start)
            try await store.insert([.sample("1", node: "c"), .sample("2", node: "c"), .sample("3")])
            _ = try await store.claim(for: "c", epoch: epoch, limit: 1, at: .start)
            let status = try await store.status()
            #expect(status.disabled == 1)
            #expect(status.online + status.offline == 1)
            #expect(status.queued == 2)
            #expect(status.sent == 1)
        }
    }
}
