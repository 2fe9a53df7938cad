import Foundation
import ProbeDashboard
import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite struct DashboardRouteTests {
    private static let folder = Places.testFile("../Sources/ProbeDashboard/Assets")

    /// Whoever adds a file to the folder adds it to assets.c.
    @Test func everyFileOfTheFolderIsServedAsItIs() async throws {
        let names = try FileManager.default.subpathsOfDirectory(atPath: Self.folder).filter { $0.contains(".") }
        #expect(names.count > 20)
        try await TestBackend.with { backend in
            for name in names {
                let path = name == "index.html" ? "/" : "/assets/\(name)"
                let body = try await Oracle.check("curl", ["-sSf", backend.url + path])
                #expect(body == (try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)), "\(name)")
            }
        }
        #expect(probe_dashboard_asset(names.count) == nil)
    }

    @Test func headersKeepOthersOut() async throws {
        try await TestBackend.with { backend in
            for (path, type) in [
                ("/", "text/html"), ("/assets/app.js", "text/javascript"), ("/assets/base.css", "text/css"),
            ] {
                let answer = try await Oracle.check("curl", ["-sSi", backend.url + path]).lowercased()
                #expect(answer.contains("content-type: \(type)"))
                #expect(answer.contains("x-content-type-options: nosniff"))
                #expect(answer.contains("content-security-policy: default-src 'none'; script-src 'self';"))
            }
        }
    }

    @Test func whatIsKnownIsNotSentAgain() async throws {
        try await TestBackend.with { backend in
            let url = backend.url + "/assets/app.js"
            let tag = try await Oracle.check("curl", ["-sS", "-o", "/dev/null", "-w", "%header{etag}", url]).dropLast()
            #expect(tag.count > 10)
            let format = "%{http_code} %{size_download}"
            let again = ["-sS", "-o", "/dev/null", "-w", format, url, "-H"]
            #expect(try await Oracle.check("curl", again + ["If-None-Match: \(tag)"]) == "304 0\n")
            #expect(try await Oracle.check("curl", again + ["If-None-Match: \"other\""]).hasPrefix("200 "))
        }
    }

    @Test func elsewhereIsNothing() async throws {
        try await TestBackend.with { backend in
            for path in ["/assets/", "/assets/index.html", "/assets/no.js", "/assets/%2e%2e/index.html"] {
                let answer = try await backend.api.get(path)
                #expect(answer.status == 404 && answer.code == "not_found", "\(path)")
            }
        }
    }
}
