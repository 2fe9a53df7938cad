import Foundation
import ProbeTesting
import Testing

@testable import ProbeBackend

/// What the API answers, held against its own description by schemathesis: thousands of requests, right and wrong.
@Suite(.timeLimit(.minutes(5)), .enabled("schemathesis cannot be had by pip") { await Schemathesis.isAvailable })
struct SchemathesisTests {
    /// Not asked for: the events never end. Not checked: that everything which the description allows is taken, for a
    /// node that a job names must exist, and lengths are in bytes here and in characters there.
    @Test func noAnswerIsUndocumentedOrA5xx() async throws {
        try await TestBackend.with(
            clock: .hasty, { $0.requests = RequestLimits(rate: 1_000_000, burst: 1_000_000) }
        ) { backend in
            for _ in 0..<3 { _ = try await backend.api.register() }
            let folder = try TemporaryFolder("schemathesis")
            let checks = [
                "not_a_server_error", "status_code_conformance", "content_type_conformance",
                "response_headers_conformance", "response_schema_conformance", "negative_data_rejection",
                "unsupported_method", "ignored_auth",
            ]
            let result = try await Schemathesis.run(
                [
                    "run", "\(backend.url)/api/v1/openapi.json", "-H",
                    "Authorization: Bearer \(TestBackend.adminToken)",
                    "--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--max-time", "75", "--seed", "1",
                    "--request-timeout", "20", "--continue-on-failure", "--exclude-path", "/api/v1/events",
                    "--checks", checks.joined(separator: ","),
                ], in: folder)
            #expect(result.isSuccess, "\(result.output)\(result.errors)")
            // It did ask.
            #expect(result.output.contains("Test cases:"), "\(result.output)")
            #expect(try await backend.api.get("/healthz").status == 200)
        }
    }
}

/// The program, installed once beside the build's products.
private enum Schemathesis {
    private static let package = PythonPackage(
        "schemathesis==4.32.5", in: "schemathesis", having: "bin/schemathesis")
    private static let folder = package.folder

    static var isAvailable: Bool { get async { await package.isAvailable } }

    /// - Parameter workplace: where it keeps what it needs for a replay.
    static func run(_ arguments: [String], in workplace: TemporaryFolder) async throws -> Oracle.Result {
        let command = ["-C", workplace.path, "PYTHONPATH=\(folder)", "python3", "\(folder)/bin/schemathesis"]
        return try await Oracle.run("env", command + arguments, within: .seconds(240))
    }
}

extension BackendClock {
    /// The machine's clock, on which nobody waits long: an answer that is held for minutes comes at once.
    fileprivate static var hasty: BackendClock {
        var clock = BackendClock.system
        clock.sleep = { try await Task.sleep(for: min($0, .milliseconds(20))) }
        return clock
    }
}
