import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct NodeAdministrationTests {
    @Test func aNodeIsShownAndChanged() async throws {
        try await TestBackend.with { backend in
            let node = try await backend.api.register()
            let path = "/api/v1/nodes/\(node.uuid)"
            let shown = try await backend.api.get(path)
            #expect(shown.status == 200)
            #expect(shown.body["status"] == "offline")
            #expect(shown.body["tags"] == [])
            #expect(shown.body["load_history"] == [])

            let changed = try await backend.api.patch(
                path, ["name": "Köln 1", "region": "eu", "zone": "a", "tags": ["edge", "ipv6"]])
            #expect(changed.status == 200)
            #expect(changed.body["name"] == "Köln 1")
            #expect(changed.body["tags"] == ["edge", "ipv6"])
            // Absence leaves, null takes away.
            let again = try await backend.api.patch(path, ["zone": .null])
            #expect(again.body["region"] == "eu")
            #expect(again.body["zone"] == .null)
            #expect(try await backend.api.get(path).body == again.body)
            #expect(try await backend.api.patch(path, [:]).body == again.body)
            // The UUID's case says nothing.
            #expect(try await backend.api.get("/api/v1/nodes/\(node.uuid.uppercased())").status == 200)
        }
    }

    @Test(arguments: [
        #"{"name":""}"#, #"{"name":7}"#, #"{"region":""}"#, #"{"zone":"a\u0000"}"#, #"{"tags":"a"}"#,
        #"{"tags":["A"]}"#,
        #"{"tags":["a","a"]}"#, #"{"tags":[""]}"#, #"{"tags":["a\""]}"#, #"{"disabled":1}"#, "[]",
    ])
    func aBadChangeIsRefused(_ body: String) async throws {
        try await TestBackend.with { backend in
            let path = "/api/v1/nodes/\(try await backend.api.register().uuid)"
            let before = try await backend.api.get(path).body
            let answer = try await backend.api.call("PATCH", path, body: body)
            #expect(answer.status == 422)
            #expect(answer.code == "invalid_request")
            #expect(try await backend.api.get(path).body == before)
        }
    }

    @Test(arguments: ["00000000-0000-0000-0000-000000000000", "%00", "x%20y"])
    func anUnknownNodeIsNotFound(_ uuid: String) async throws {
        try await TestBackend.with { backend in
            let path = "/api/v1/nodes/\(uuid)"
            for answer in [
                try await backend.api.get(path), try await backend.api.patch(path, ["name": "a"]),
                try await backend.api.delete(path), try await backend.api.post("\(path)/rotate-key", [:]),
            ] {
                #expect(answer.status == 404)
                #expect(answer.code == "not_found")
            }
        }
    }

    @Test func theListHasFiltersAndPages() async throws {
        try await TestBackend.with { backend in
            var uuids: [String] = []
            for index in 0..<5 {
                let node = try await backend.api.register()
                let change: JSONValue = [
                    "name": .string("node \(4 - index)"), "region": index < 2 ? "eu" : "us",
                    "tags": index == 0 ? ["edge", "v6"] : ["edge-2"],
                ]
                #expect(try await backend.api.patch("/api/v1/nodes/\(node.uuid)", change).status == 200)
                uuids.append(node.uuid)
            }
            try await FakeNode.with { node in
                let connected = try await backend.connect(node)
                _ = try await backend.api.patch("/api/v1/nodes/\(connected.uuid)", ["name": "100%_sure"])
                _ = try await backend.api.patch("/api/v1/nodes/\(uuids[4])", ["disabled": true])
                for (query, names) in [
                    ("region=eu", ["node 3", "node 4"]), ("tag=edge", ["node 4"]), ("tag=edg", []),
                    ("q=ODE%203", ["node 3"]),
                    ("q=0%25_S", ["100%_sure"]), ("q=%25", ["100%_sure"]), ("q=\(uuids[2])", ["node 2"]),
                    ("status=online", ["100%_sure"]), ("status=disabled", ["node 0"]),
                    ("status=offline&region=us", ["node 1", "node 2"]), ("region=eu&zone=x", []),
                ] {
                    let nodes = try await backend.api.get("/api/v1/nodes?\(query)").body["nodes"]?.array
                    #expect(nodes?.compactMap { $0["name"]?.string } == names, "\(query)")
                }
                let pages = try await backend.api.pages("/api/v1/nodes?limit=1&status=offline", of: "nodes")
                #expect(pages.joined().compactMap { $0["name"]?.string } == ["node 1", "node 2", "node 3", "node 4"])
                for query in ["status=on", "q=%00", "cursor=W10"] {
                    #expect(try await backend.api.get("/api/v1/nodes?\(query)").status == 422, "\(query)")
                }
            }
        }
    }

    @Test func aDisabledNodeIsSentAwayAndGetsNoJobs() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let identity = try await backend.connect(node)
                let path = "/api/v1/nodes/\(identity.uuid)"
                let disabled = try await backend.api.patch(path, ["disabled": true])
                #expect(disabled.body["status"] == "disabled")
                #expect(disabled.body["connection_id"] == .null)
                let closed = try await node.closed()
                #expect(closed.code == 1008)
                #expect(closed.reason == "Node disabled")

                let job = try await backend.api.post(job: ["node": .string(identity.uuid)])
                let any = try await backend.api.post()
                try await node.connect(backend.webSocketURL)
                try await node.send(identity.authentication, on: 2)
                let refusal = try await node.message(on: 2)
                #expect(refusal["status"] == "error")
                #expect(refusal["message"] == "Node disabled")
                #expect(try await node.closed(2).code == 1008)
                #expect(try await backend.api.job(job)["state"] == "queued")
                #expect(try await backend.api.job(any)["state"] == "queued")

                #expect(try await backend.api.patch(path, ["disabled": false]).body["status"] == "offline")
                try await node.connect(backend.webSocketURL)
                try await node.send(identity.authentication, on: 3)
                let sent = [try await node.job(on: 3), try await node.job(on: 3)]
                #expect(Set(sent.compactMap { $0["request_id"]?.string }) == [job, any])
            }
        }
    }

    @Test func aKeyIsRotatedAndTheOldOneStaysGoodForAWhile() async throws {
        let time = ManualTime()
        try await TestBackend.with(clock: time.backendClock) { backend in
            let old = try await backend.api.register()
            let path = "/api/v1/nodes/\(old.uuid)/rotate-key"
            let answer = try await backend.api.post(path, ["grace_seconds": 60])
            #expect(answer.status == 200)
            #expect(answer.body["old_key_valid_until"]?.string?.hasSuffix("Z") == true)
            let new = NodeIdentity(uuid: old.uuid, key: try #require(answer.body["api_key"]?.string))
            #expect(new.key.hasPrefix("pnode_"))
            #expect(try await backend.accepts(old))
            #expect(try await backend.accepts(new))
            time.advance(by: .seconds(60))
            #expect(try await !backend.accepts(old))
            #expect(try await backend.accepts(new))

            let last = try await backend.api.post(path, ["grace_seconds": 0])
            #expect(last.body["old_key_valid_until"] == .null)
            #expect(try await !backend.accepts(new))
            for bad: JSONValue in [["grace_seconds": -1], ["grace_seconds": 1e9], ["grace_seconds": "1"]] {
                #expect(try await backend.api.post(path, bad).code == "invalid_request")
            }
        }
    }

    @Test func aDeletedNodeGoesWithItsOpenJobs() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let identity = try await backend.connect(node)
                let own: JSONValue = ["node": .string(identity.uuid)]
                let done = try await backend.api.post(job: own)
                _ = try await node.job()
                try await node.answer(done)
                _ = try await node.acknowledgement(of: done)
                let open = try await backend.api.post(job: own)
                _ = try await node.job()

                #expect(try await backend.api.delete("/api/v1/nodes/\(identity.uuid)").status == 204)
                #expect(try await node.closed().code == 1008)
                let failed = try await backend.api.job(open)
                #expect(failed["state"] == "failed")
                #expect(failed["finished_at"]?.string != nil)
                #expect(try await backend.store.jobs([open]).first?.errorCode == "node_deleted")
                #expect(try await backend.api.job(done)["result"]?["success"] == true)
                #expect(try await backend.api.get("/api/v1/nodes/\(identity.uuid)").status == 404)
                #expect(try await backend.api.get("/api/v1/nodes").body["nodes"] == [])
                #expect(
                    try await backend.api.post("/api/v1/jobs", own.merging(["tool": "ping", "target": "a"])).code
                        == "unknown_node")
                #expect(try await !backend.accepts(identity))
            }
        }
    }

    @Test func jobsThatOthersMayDoSurviveTheirNode() async throws {
        try await TestBackend.with({ $0.nodes.maximumOutstanding = 1 }) { backend in
            try await FakeNode.with { node in
                let identity = try await backend.connect(node)
                let sent = try await backend.api.post()
                _ = try await node.job()
                let bound = try await backend.api.post()
                _ = try await backend.api.delete("/api/v1/nodes/\(identity.uuid)")
                #expect(try await backend.api.job(sent)["state"] == "failed")
                #expect(try await backend.api.job(bound)["state"] == "queued")
                try await FakeNode.with { other in
                    _ = try await backend.connect(other)
                    #expect(try await other.job()["request_id"]?.string == bound)
                }
            }
        }
    }

    @Test func theLastSixtyHeartbeatsAreItsLoad() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let identity = try await backend.connect(node)
                let heartbeat: JSONValue = [
                    "type": "heartbeat", "node_uuid": .string(identity.uuid), "uptime": 1, "cpu_usage": 1,
                    "memory_usage": 1,
                ]
                for index in 0..<62 {
                    try await node.send(
                        heartbeat.merging([
                            "current_load": .number(Double(index) / 100), "in_flight": .number(Double(index)),
                        ]))
                    _ = try await node.message { $0["type"] == "heartbeat_ack" }
                }
                try await node.send(heartbeat.merging(["current_load": 1]))
                _ = try await node.message { $0["type"] == "heartbeat_ack" }
                // What was stored before is answered after: the node's next message waits for it.
                try await node.send(["type": "ping"])
                _ = try await node.message { $0["type"] == "pong" }
                let shown = try await backend.api.get("/api/v1/nodes/\(identity.uuid)").body["load_history"]
                let history = try #require(shown?.array)
                #expect(history.count == 60)
                #expect(history.first?[1]?.double == 0.03)
                #expect(history.first?[2]?.int == 3)
                #expect(history.last?[1]?.double == 1)
                #expect(history.last?[2] == .null)
                let times = history.compactMap { $0[0]?.double }
                #expect(times == times.sorted() && times.count == 60)
            }
        }
    }
}

extension TestBackend {
    /// Whether a node with that key is let in.
    fileprivate func accepts(_ identity: NodeIdentity) async throws -> Bool {
        var isAccepted = false
        try await FakeNode.with { node in
            try await node.connect(webSocketURL)
            try await node.send(identity.authentication)
            isAccepted = try await node.message { $0["status"] != nil }["status"] == "connected"
        }
        return isAccepted
    }
}
