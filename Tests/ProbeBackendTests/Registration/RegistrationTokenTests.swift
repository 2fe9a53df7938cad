import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct RegistrationTokenTests {
    @Test func tokensAreListedAndRevoked() async throws {
        try await TestBackend.with { backend in
            let made = try await backend.api.post("/api/v1/registration-tokens", ["name": "lab", "uses": 2]).body
            let token = try #require(made["registration_token"]?.string)
            let id = try #require(made["token_id"]?.string)
            let order: JSONValue = ["registration_token": .string(token), "name": "node"]
            #expect(try await backend.api.post("/probe-nodes/register", order).status == 200)

            let listed = try await backend.api.get("/api/v1/registration-tokens").body
            let first = listed["registration_tokens"]?[0]
            #expect(first?["token_id"]?.string == id)
            #expect(first?["uses"] == 2)
            #expect(first?["uses_left"] == 1)
            #expect(first?["revoked"] == false)
            #expect(!listed.text.contains(token))

            #expect(try await backend.api.delete("/api/v1/registration-tokens/\(id)").status == 204)
            #expect(try await backend.api.post("/probe-nodes/register", order).status == 401)
            let after = try await backend.api.get("/api/v1/registration-tokens").body["registration_tokens"]
            #expect(after?[0]?["revoked"] == true)
            for unknown in ["nothing", "%00"] {
                let answer = try await backend.api.delete("/api/v1/registration-tokens/\(unknown)")
                #expect(answer.code == "not_found")
            }
        }
    }

    @Test func theListHasPages() async throws {
        try await TestBackend.with { backend in
            for _ in 0..<3 { _ = try await backend.api.registrationToken() }
            let pages = try await backend.api.pages("/api/v1/registration-tokens?limit=1", of: "registration_tokens")
            #expect(pages.map(\.count) == [1, 1, 1])
            #expect(Set(pages.joined().compactMap { $0["token_id"]?.string }).count == 3)
        }
    }
}
