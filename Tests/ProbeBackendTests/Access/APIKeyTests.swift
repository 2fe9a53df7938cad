import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct APIKeyTests {
    @Test func aKeyOpensWhatItsRoleMay() async throws {
        try await TestBackend.with { backend in
            let job: JSONValue = ["tool": "ping", "target": "127.0.0.1"]
            for (role, mayMeasure, mayAdminister) in [
                ("reader", false, false), ("operator", true, false), ("admin", true, true),
            ] {
                let api = try await backend.client(role: role)
                #expect(try await api.get("/api/v1/nodes").status == 200)
                #expect(try await api.get("/api/v1/session").body["role"]?.string == role)
                let measured = try await api.post("/api/v1/jobs", job)
                #expect(measured.status == (mayMeasure ? 202 : 403), "\(role)")
                if !mayMeasure {
                    #expect(measured.code == "forbidden")
                    #expect(measured.body["detail"]?.string?.contains("\"operator\"") == true)
                }
                let administered = try await api.post("/api/v1/registration-tokens", [:])
                #expect(administered.status == (mayAdminister ? 201 : 403), "\(role)")
                if !mayAdminister {
                    #expect(administered.code == "forbidden")
                    #expect(administered.body["detail"]?.string?.contains("\"admin\"") == true)
                }
            }
        }
    }

    @Test func aKeyIsShownOnceAndRevoked() async throws {
        try await TestBackend.with { backend in
            let made = try await backend.api.post("/api/v1/keys", ["name": "ci", "role": "reader"])
            #expect(made.status == 201)
            let key = try #require(made.body["api_key"]?.string)
            let id = try #require(made.body["key_id"]?.string)
            #expect(key.wholeMatch(of: /puk_[0-9a-f]{64}/) != nil)

            let listed = try await backend.api.get("/api/v1/keys").body
            #expect(listed["keys"]?[0]?["key_id"]?.string == id)
            #expect(listed["keys"]?[0]?["revoked"] == false)
            #expect(!listed.text.contains(key))

            let api = APIClient(url: backend.url, token: key)
            #expect(try await api.get("/api/v1/nodes").status == 200)
            #expect(try await backend.api.delete("/api/v1/keys/\(id)").status == 204)
            let refused = try await api.get("/api/v1/nodes")
            #expect(refused.status == 401)
            #expect(refused.code == "unauthorized")
            #expect(try await backend.api.get("/api/v1/keys").body["keys"]?[0]?["revoked"] == true)
            // Once more changes nothing.
            #expect(try await backend.api.delete("/api/v1/keys/\(id)").status == 204)
            #expect(try await backend.api.delete("/api/v1/keys/nothing").status == 404)
            #expect(try await backend.api.delete("/api/v1/keys/%00").status == 404)
        }
    }

    @Test func aKeyExpires() async throws {
        let time = ManualTime()
        try await TestBackend.with(clock: time.backendClock) { backend in
            let order: JSONValue = ["name": "short", "role": "reader", "expires_in": 60]
            let key = try await backend.api.post("/api/v1/keys", order).body["api_key"]?.string
            let api = APIClient(url: backend.url, token: key)
            #expect(try await api.get("/api/v1/nodes").status == 200)
            time.advance(by: .seconds(61))
            #expect(try await api.get("/api/v1/nodes").status == 401)
        }
    }

    @Test(arguments: [
        #"{"role":"reader"}"#, #"{"name":"a"}"#, #"{"name":"","role":"reader"}"#,
        #"{"name":"a\u0000","role":"reader"}"#,
        #"{"name":"a","role":"root"}"#, #"{"name":"a","role":"reader","expires_in":0}"#,
        #"{"name":"a","role":"reader","expires_in":1e9}"#, #"{"name":7,"role":"reader"}"#, "[]",
    ])
    func aBadOrderIsRefused(_ body: String) async throws {
        try await TestBackend.with { backend in
            let answer = try await backend.api.call("POST", "/api/v1/keys", body: body)
            #expect(answer.status == 422)
            #expect(answer.code == "invalid_request")
            #expect(try await backend.api.get("/api/v1/keys").body["keys"] == [])
        }
    }

    @Test func theListHasPages() async throws {
        try await TestBackend.with { backend in
            var made: [String] = []
            for index in 0..<5 {
                let order: JSONValue = ["name": .string("key \(index)"), "role": "reader"]
                made.append(try #require(try await backend.api.post("/api/v1/keys", order).body["key_id"]?.string))
            }
            let pages = try await backend.api.pages("/api/v1/keys?limit=2", of: "keys")
            #expect(pages.map(\.count) == [2, 2, 1])
            let ids = pages.joined().compactMap { $0["key_id"]?.string }
            // Several may have been made in the same millisecond.
            #expect(Set(ids) == Set(made))
            #expect(ids.count == made.count)
        }
    }

    @Test(arguments: [
        ("limit=0", "invalid_request"), ("limit=501", "invalid_request"), ("limit=x", "invalid_request"),
        ("cursor=x", "invalid_cursor"), ("cursor=W10", "invalid_cursor"), ("cursor=WyJhIiwiYiJd", "invalid_cursor"),
        ("cursor=%00", "invalid_request"),
    ])
    func aBadPageIsRefused(_ query: String, _ code: String) async throws {
        try await TestBackend.with { backend in
            let answer = try await backend.api.get("/api/v1/keys?\(query)")
            #expect(answer.status == 422)
            #expect(answer.code == code)
        }
    }
}
