import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct RegistrationTests {
    @Test(arguments: ["/probe-nodes/register", "/register"])
    func aTokenBuysAnIdentityOnce(_ path: String) async throws {
        try await TestBackend.with { backend in
            let token = try await backend.api.registrationToken(["name": "lab"])
            let order: JSONValue = [
                "registration_token": .string(token), "name": "node one", "hostname": "n1.example", "region": "eu",
                "zone": nil, "internal_ip": nil, "version": "1.0.0", "supported_tools": ["ping": true, "dns": true],
                "hardware_info": ["cores": 2], "network_info": [:], "max_concurrent_probes": 128, "unknown": "ignored",
            ]
            // No admin token is needed.
            let anyone = APIClient(url: backend.url)
            let answer = try await anyone.post(path, order)
            #expect(answer.status == 200)
            #expect(answer.body["status"] == "registered")
            #expect(answer.body["config"]?["heartbeat_interval"] == 15)
            #expect(answer.body["message"]?.string != nil)
            let key = try #require(answer.body["api_key"]?.string)
            #expect(key.hasPrefix("pnode_") && key.count == 70)
            let again = try await anyone.post(path, order)
            #expect(again.status == 401)
            #expect(again.body == ["detail": "Invalid or expired registration token"])

            let node = try await backend.api.get("/api/v1/nodes").body["nodes"]?[0]
            #expect(node?["node_uuid"] == answer.body["node_uuid"])
            #expect(node?["name"] == "node one")
            #expect(node?["max_concurrent"] == 128)
            #expect(node?["supported_tools"] == ["ping": true, "dns": true])
            #expect(node?["status"] == "offline")
            #expect(node?["api_key"] == nil)
        }
    }

    @Test func secretsAreNotInTheDatabase() async throws {
        let folder = try TemporaryFolder("store")
        let path = folder.file("fleet.db")
        try await TestBackend.with(store: try await SQLStore.open(path)) { backend in
            let token = try await backend.api.registrationToken()
            let order: JSONValue = ["registration_token": .string(token), "name": "n"]
            let key = try #require(try await backend.api.post("/register", order).body["api_key"]?.string)
            for secret in [token, key] {
                let found = try await Oracle.run("grep", ["-c", secret, path, path + "-wal"])
                #expect(found.status == .code(1))
            }
        }
    }

    @Test func aTokenExpires() async throws {
        let time = ManualTime()
        try await TestBackend.with(clock: time.backendClock) { backend in
            let token = try await backend.api.registrationToken(["expires_in": 60])
            let forever = try await backend.api.registrationToken(["expires_in": nil])
            time.stepWallClock(by: .seconds(60))
            func status(_ token: String) async throws -> Int {
                try await backend.api.post("/register", ["registration_token": .string(token), "name": "n"]).status
            }
            #expect(try await status(token) == 401)
            #expect(try await status(forever) == 200)
        }
    }

    static let badBodies: [(String, String?, String)] = [
        ("not json", nil, "json_invalid"), ("[]", nil, "dict_type"),
        (#"{"name":"n"}"#, "registration_token", "missing"),
        (#"{"registration_token":"t"}"#, "name", "missing"),
        (#"{"registration_token":7,"name":"n"}"#, "registration_token", "type_error"),
        (#"{"registration_token":null,"name":"n"}"#, "registration_token", "type_error"),
        (#"{"registration_token":"t","name":""}"#, "name", "value_error"),
        (#"{"registration_token":"t","name":"a\u0000"}"#, "name", "value_error"),
        (#"{"registration_token":"t","name":"n","zone":{}}"#, "zone", "type_error"),
        (#"{"registration_token":"t","name":"n","max_concurrent_probes":0}"#, "max_concurrent_probes", "value_error"),
    ]

    @Test(arguments: badBodies)
    func badBodiesAre422(_ body: String, _ field: String?, _ type: String) async throws {
        try await TestBackend.with { backend in
            let answer = try await backend.api.call("POST", "/probe-nodes/register", body: body)
            #expect(answer.status == 422)
            let complaint = answer.body["detail"]?[0]
            #expect(complaint?["loc"] == .array(["body"] + (field.map { [.string($0)] } ?? [])))
            #expect(complaint?["type"]?.string == type)
            #expect(complaint?["msg"]?.string?.isEmpty == false)
        }
    }
}
