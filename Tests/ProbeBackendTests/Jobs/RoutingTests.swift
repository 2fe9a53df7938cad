import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct RoutingTests {
    @Test func spreadsOverTheLeastLoaded() {
        let nodes = [
            NodeLoad(node: "busy", reported: 0.9, jobs: 0, maxConcurrent: 10),
            NodeLoad(node: "idle", reported: 0, jobs: 0, maxConcurrent: 10),
            NodeLoad(node: "small", reported: 0, jobs: 0, maxConcurrent: 1),
        ]
        #expect(NodeLoad.spread(3, over: nodes) == ["idle", "small", "idle"])
        // One job fills the small one, ten the idle one.
        let many = NodeLoad.spread(12, over: nodes)
        #expect(many.count { $0 == "small" } == 1)
        #expect(many.count { $0 == "idle" } == 10)
        #expect(NodeLoad.spread(3, over: []).isEmpty)
    }

    @Test func selectorsMeetAllTheirLists() throws {
        let node = NodePlace(uuid: "a", region: "eu", zone: nil, tags: Tags(["dsl", "home"]))
        func matches(_ text: String) throws -> Bool { try NodeSelector(stored: text).matches(node) }
        #expect(try matches("{}"))
        #expect(try matches(#"{"nodes":["b","A"],"regions":["us","eu"],"tags":["home","dsl"]}"#))
        #expect(try !matches(#"{"tags":["home","fibre"]}"#))
        #expect(try !matches(#"{"zones":["z"]}"#))
        #expect(try !matches(#"{"nodes":["a"],"regions":["us"]}"#))
    }

    @Test func equalSelectorsHaveOneText() throws {
        let one = try NodeSelector(stored: #"{"tags":["b","a","b"],"regions":["eu"],"nodes":[]}"#)
        #expect(try one.stored() == #"{"regions":["eu"],"tags":["a","b"]}"#)
        #expect(try NodeSelector(stored: #"{"zones":[]}"#).stored() == nil)
    }

    @Test func aJobGoesToANodeOfItsRegion() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let eu = try await backend.connect(node, region: "eu")
                _ = try await backend.connect(node, region: "us")
                for _ in 0..<3 {
                    let id = try await backend.api.post(job: ["select": ["regions": ["us", "asia"]]])
                    #expect(try await node.job(on: 2)["request_id"]?.string == id)
                }
                let id = try await backend.api.post(job: ["select": ["nodes": [.string(eu.uuid)]]])
                #expect(try await node.job(on: 1)["request_id"]?.string == id)
            }
        }
    }

    @Test func aJobWaitsForANodeThatMatches() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                _ = try await backend.connect(node, region: "us")
                let waiting = try await backend.api.post(job: ["select": ["regions": ["eu"]]])
                // The connected node gets what comes later, and not this.
                let other = try await backend.api.post()
                #expect(try await node.job(on: 1)["request_id"]?.string == other)
                #expect(try await backend.api.job(waiting)["state"] == "queued")
                #expect(try await backend.api.job(waiting)["select"]?["regions"]?[0] == "eu")
                _ = try await backend.connect(node, region: "eu")
                #expect(try await node.job(on: 2)["request_id"]?.string == waiting)
            }
        }
    }

    @Test func theBusyNodeComesLast() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let busy = try await backend.connect(node)
                _ = try await backend.connect(node)
                try await node.send(busy.heartbeat(load: 0.9), on: 1)
                _ = try await node.message(on: 1) { $0["type"] == "heartbeat_ack" }
                _ = try await backend.api.get("/api/v1/nodes")
                for _ in 0..<3 { try await backend.api.post() }
                for _ in 0..<3 { _ = try await node.job(on: 2) }
            }
        }
    }

    @Test(arguments: [
        (#"{"select":{"nodes":["nobody"]}}"#, "unknown_node"), (#"{"select":{"regions":"eu"}}"#, "invalid_request"),
        (#"{"select":{"regions":[""]}}"#, "invalid_request"),
        (#"{"select":{"tags":["a"]},"node":"b"}"#, "invalid_request"),
    ])
    func refuses(_ more: String, _ code: String) async throws {
        try await TestBackend.with { backend in
            let job: JSONValue = ["tool": "ping", "target": "a"]
            let answer = try await backend.api.post("/api/v1/jobs", job.merging(try JSONValue(parsing: more)))
            #expect(answer.status == 422)
            #expect(answer.code == code)
        }
    }
}
