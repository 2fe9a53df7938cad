import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct HostileFrameTests {
    struct Attack: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let command: String
        let fields: JSONValue
        let closes: Int
    }

    static let attacks = [
        Attack(testDescription: "binary", command: "frame", fields: ["opcode": "binary", "text": "x"], closes: 1003),
        Attack(
            testDescription: "invalid UTF-8", command: "frame", fields: ["opcode": "text", "hex": "c328"], closes: 1007),
        Attack(
            testDescription: "surrogate in UTF-8", command: "frame", fields: ["opcode": "text", "hex": "eda080"],
            closes: 1007),
        Attack(
            testDescription: "oversize", command: "frame",
            fields: ["opcode": "text", "text": "x", "repeat": 1_048_577],
            closes: 1009),
        Attack(
            testDescription: "10 MB", command: "frame", fields: ["opcode": "text", "text": "x", "repeat": 10_000_000],
            closes: 1009),
        Attack(
            testDescription: "oversize in fragments", command: "fragments",
            fields: ["text": "x", "repeat": 1_048_577, "size": 65_536], closes: 1009),
        Attack(
            testDescription: "too many fragments", command: "fragments",
            fields: ["text": "x", "repeat": 5000, "size": 1], closes: 1009),
        Attack(
            testDescription: "reserved bit", command: "raw", fields: ["hex": "c182000000007b7d"], closes: 1002),
        Attack(
            testDescription: "continuation of nothing", command: "frame", fields: ["opcode": "cont", "text": "{}"],
            closes: 1002),
        Attack(testDescription: "unmasked", command: "raw", fields: ["hex": "81027b7d"], closes: 1002),
        Attack(testDescription: "reserved opcode", command: "raw", fields: ["hex": "838000000000"], closes: 1002),
        Attack(
            testDescription: "fragmented ping", command: "raw", fields: ["hex": "098000000000"], closes: 1002),
    ]

    @Test(arguments: attacks)
    func aBrokenFrameEndsItsConnectionOnly(_ attack: Attack) async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                _ = try await backend.connect(node)
                let bystander = try await backend.connect(node)
                // To the first connection.
                await node.sendHostile(attack.command, attack.fields.merging(["connection": 1]))
                #expect(try await node.closed(1).code == attack.closes)
                let id = try await backend.api.post(job: ["node": .string(bystander.uuid)])
                #expect(try await node.job(on: 2)["request_id"]?.string == id)
            }
        }
    }

    @Test func aMessageMayComeInFragments() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                _ = try await backend.connect(node)
                let id = try await backend.api.post()
                _ = try await node.job()
                let text = #"{"type":"diagnostic_response","request_id":"\#(id)","success":true,"result":{"é":1}}"#
                try await node.command("fragments", ["text": .string(text), "size": 3])
                _ = try await node.acknowledgement(of: id)
                #expect(try await backend.api.job(id)["result"] == ["é": 1])
            }
        }
    }

    @Test(arguments: [
        "not json", "[]", "7", "{", "{}", #"{"type":7}"#, #"{"type":"heartbeat"}"#,
        #"{"type":"heartbeat","node_uuid":"someone","uptime":1,"current_load":0,"cpu_usage":0,"memory_usage":0}"#,
        #"{"type":"diagnostic_response"}"#, #"{"type":"diagnostic_response","request_id":"x","success":"yes"}"#,
        #"{"type":"diagnostic_response","request_id":"x","success":true}"#,
        #"{"type":"diagnostic_response","request_id":"x","success":true,"result":"text"}"#,
        #"{"type":"diagnostic_response","request_id":"x\u0000y","success":true,"result":{}}"#,
        #"{"type":"diagnostic_response","request_id":["x"],"success":true,"result":{}}"#,
        "deep",
    ])
    func anUnusableMessageIsAnsweredAndTheConnectionGoesOn(_ text: String) async throws {
        let deep = String(repeating: #"{"a":"#, count: 100_000) + "1" + String(repeating: "}", count: 100_000)
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                _ = try await backend.connect(node)
                try await node.command("send", ["text": .string(text == "deep" ? deep : text)])
                let reply = try await node.message()
                #expect(reply["type"] == "error")
                #expect(reply["code"] == "invalid_message")
                let sentence = try #require(reply["message"]?.string)
                #expect(sentence.hasSuffix(".") && sentence.count < 200)
                let id = try await backend.api.post()
                #expect(try await node.job()["request_id"]?.string == id)
            }
        }
    }

    @Test(arguments: [
        ("uptime", "1.5"), ("uptime", "-1"), ("current_load", "1.01"), ("current_load", "-0.1"), ("cpu_usage", "101"),
        ("memory_usage", "\"many\""), ("memory_usage", "null"), ("cpu_usage", "1e999"),
    ])
    func heartbeatsAreChecked(_ field: String, _ value: String) async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let identity = try await backend.connect(node)
                var fields = ["uptime": "3", "current_load": "0.5", "cpu_usage": "10", "memory_usage": "20.5"]
                func heartbeat() -> JSONValue {
                    let members = fields.map { "\"\($0.key)\":\($0.value)" }.sorted().joined(separator: ",")
                    return ["text": .string(#"{"type":"heartbeat","node_uuid":"\#(identity.uuid)",\#(members)}"#)]
                }
                try await node.command("send", heartbeat())
                let reply = try await node.message()
                #expect(reply["type"] == "heartbeat_ack")
                #expect(reply["status"] == "ok")
                #expect(reply["server_time"]?.string != nil)
                fields[field] = value
                try await node.command("send", heartbeat())
                #expect(try await node.message()["code"] == "invalid_message")
                let kept = try await backend.api.get("/api/v1/nodes").body["nodes"]?[0]?["heartbeat"]
                #expect(kept?["memory_usage"] == 20.5)
            }
        }
    }

    @Test func unknownTypesAreIgnoredAndPingIsAnswered() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                _ = try await backend.connect(node)
                try await node.send(["type": "from_the_future", "x": [1, 2]])
                try await node.send(["type": "pong"])
                try await node.send(["type": "ping"])
                #expect(try await node.message()["type"] == "pong")
            }
        }
    }
}
