import Foundation
import ProbeTesting
import Testing

import class ProbeNative.Locked

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct SessionTests {
    @Test func aKeyIsTradedForACookie() async throws {
        try await TestBackend.with { backend in
            let key = try await backend.key(role: "operator")
            let (login, browser) = try await backend.login(key)
            #expect(login.body["role"] == "operator")
            #expect(login.body["name"] == "operator")
            #expect(login.body["expires_at"]?.string?.hasSuffix("Z") == true)
            let cookie = try #require(login.headers.first { $0.lowercased().hasPrefix("set-cookie:") })
            for part in ["probeops_session=pses_", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
                #expect(cookie.contains(part), "\(part)")
            }
            #expect(!cookie.contains("Secure"))

            let again = try await browser.get("/api/v1/session")
            #expect(again.status == 200)
            #expect(again.body == login.body)
            let job: JSONValue = ["tool": "ping", "target": "127.0.0.1"]
            #expect(try await browser.post("/api/v1/jobs", job).status == 202)
            #expect(try await browser.post("/api/v1/keys", [:]).code == "forbidden")
        }
    }

    @Test func whatChangesSomethingNeedsTheSessionsToken() async throws {
        try await TestBackend.with { backend in
            let (_, browser) = try await backend.login(TestBackend.adminToken)
            let (_, other) = try await backend.login(TestBackend.adminToken)
            var forged = browser
            let cookie = try #require(browser.headers.first)
            for headers in [[cookie], [cookie, "X-CSRF-Token: "], [cookie, other.headers[1]]] {
                forged.headers = headers
                let answer = try await forged.post("/api/v1/registration-tokens", [:])
                #expect(answer.status == 403)
                #expect(answer.code == "csrf_failed")
                #expect(try await forged.delete("/api/v1/session").code == "csrf_failed")
                #expect(try await forged.get("/api/v1/nodes").status == 200)
            }
            #expect(try await browser.post("/api/v1/registration-tokens", [:]).status == 201)
        }
    }

    @Test func aLoginFromAnotherSiteIsRefused() async throws {
        try await TestBackend.with { backend in
            var api = APIClient(url: backend.url)
            api.headers = ["Sec-Fetch-Site: cross-site"]
            let answer = try await api.post("/api/v1/session", ["api_key": .string(TestBackend.adminToken)])
            #expect(answer.code == "csrf_failed")
            #expect(!answer.headers.contains { $0.lowercased().hasPrefix("set-cookie:") })
        }
    }

    @Test func logoutEndsIt() async throws {
        try await TestBackend.with { backend in
            let (_, browser) = try await backend.login(TestBackend.adminToken)
            let out = try await browser.delete("/api/v1/session")
            #expect(out.status == 204)
            #expect(out.headers.contains { $0.contains("probeops_session=;") && $0.contains("Max-Age=0") })
            #expect(try await browser.get("/api/v1/session").code == "unauthorized")
        }
    }

    @Test func itEndsAfterTwelveHours() async throws {
        let time = ManualTime()
        try await TestBackend.with(clock: time.backendClock) { backend in
            let (_, browser) = try await backend.login(TestBackend.adminToken)
            time.advance(by: .seconds(12 * 3600 - 1))
            #expect(try await browser.get("/api/v1/session").status == 200)
            time.advance(by: .seconds(1))
            #expect(try await browser.get("/api/v1/session").status == 401)
        }
    }

    @Test func itEndsWithItsKey() async throws {
        try await TestBackend.with { backend in
            let made = try await backend.api.post("/api/v1/keys", ["name": "a", "role": "admin"]).body
            let (_, browser) = try await backend.login(try #require(made["api_key"]?.string))
            #expect(try await browser.get("/api/v1/nodes").status == 200)
            _ = try await backend.api.delete("/api/v1/keys/\(made["key_id"]?.string ?? "")")
            #expect(try await browser.get("/api/v1/nodes").status == 401)
        }
    }

    /// Sessions are in the store, so every replica knows them, and so does the next run; but another admin token
    /// ends those that the old one opened.
    @Test func itOutlivesTheProcessAndNotTheAdminToken() async throws {
        let folder = try TemporaryFolder("store")
        let store = try await SQLStore.open(folder.file("fleet.db"))
        let browsers = Locked<[APIClient]>([])
        try await TestBackend.with(store: store) { backend in
            let byToken = try await backend.login(TestBackend.adminToken).browser
            let byKey = try await backend.login(try await backend.key(role: "reader")).browser
            browsers.withLock { $0 = [byToken, byKey] }
        }
        for (token, expected) in [(TestBackend.adminToken, [200, 200]), ("another-admin-token", [401, 200])] {
            try await TestBackend.with(store: store, { $0.adminToken = token }) { backend in
                for (opened, status) in zip(browsers.withLock({ $0 }), expected) {
                    var browser = opened
                    browser.url = backend.url
                    let answer = try await browser.get("/api/v1/session")
                    #expect(answer.status == status)
                }
            }
        }
    }

    @Test(arguments: [
        (#"{"api_key":"wrong"}"#, 401, "unauthorized"), (#"{"api_key":"\u0000"}"#, 401, "unauthorized"),
        ("{}", 422, "invalid_request"), (#"{"api_key":7}"#, 422, "invalid_request"), ("", 400, "invalid_json"),
    ])
    func aBadLoginIsRefused(_ body: String, _ status: Int, _ code: String) async throws {
        try await TestBackend.with { backend in
            let answer = try await APIClient(url: backend.url).call("POST", "/api/v1/session", body: body)
            #expect(answer.status == status)
            #expect(answer.code == code)
        }
    }

    @Test func underTLSTheCookieIsSecure() async throws {
        let certificates = try await TestCertificates.shared()
        try await TestBackend.with(certificate: certificates.good) { backend in
            var api = APIClient(url: backend.url)
            api.certificateAuthority = certificates.authority
            let answer = try await api.post("/api/v1/session", ["api_key": .string(TestBackend.adminToken)])
            #expect(answer.headers.contains { $0.contains("probeops_session=") && $0.contains("Secure") })
        }
    }
}

extension TestBackend {
    /// The answer to the login, and a client with its cookie (first header) and its token (second).
    func login(_ key: String) async throws -> (answer: APIClient.Answer, browser: APIClient) {
        let answer = try await APIClient(url: url).post("/api/v1/session", ["api_key": .string(key)])
        guard let token = answer.body["csrf_token"]?.string,
            let cookie = answer.headers.firstMatch(of: "probeops_session=")
        else { throw Unexpected(answer.body) }
        var browser = APIClient(url: url)
        browser.headers = ["Cookie: \(cookie)", "X-CSRF-Token: \(token)"]
        return (answer, browser)
    }
}

extension [String] {
    /// `NAME=VALUE` of the first line with that name.
    fileprivate func firstMatch(of name: String) -> String? {
        lazy.compactMap { line in
            line.range(of: name).map { String(line[$0.lowerBound...].prefix { $0 != ";" }) }
        }.first
    }
}
