import Foundation
import ProbeTesting

/// The HTTP API by curl.
struct APIClient: Sendable {
    struct Answer: Sendable {
        let status: Int
        let contentType: String
        let body: JSONValue
        /// As they came, line by line.
        var headers: [String] = []
        /// The problem's code.
        var code: String? { body["code"]?.string }
    }

    var url: String
    var token: String?
    var certificateAuthority: String?
    /// More of the request's headers: `Name: value`.
    var headers: [String] = []

    func get(_ path: String) async throws -> Answer { try await call("GET", path) }
    func delete(_ path: String) async throws -> Answer { try await call("DELETE", path) }

    func post(_ path: String, _ body: JSONValue) async throws -> Answer {
        try await call("POST", path, body: body.text)
    }

    func patch(_ path: String, _ body: JSONValue) async throws -> Answer {
        try await call("PATCH", path, body: body.text)
    }

    /// - Parameter body: exactly these bytes.
    func call(_ method: String, _ path: String, body: String? = nil, file: String? = nil) async throws -> Answer {
        let received = try TemporaryFolder("answer")
        var arguments = ["-sS", "--max-time", "60", "-X", method, "-w", "\n%{http_code} %{content_type}"]
        arguments += ["-D", received.file("headers")] + headers.flatMap { ["-H", $0] }
        if let token { arguments += ["-H", "Authorization: Bearer \(token)"] }
        if let certificateAuthority { arguments += ["--cacert", certificateAuthority] }
        var sent: TemporaryFolder?
        if let body {
            let folder = try TemporaryFolder("request")
            arguments += ["--data-binary", "@\(try folder.write(body, to: "body"))"]
            sent = folder
        }
        if let file { arguments += ["--data-binary", "@\(file)"] }
        let output = try await Oracle.check("curl", arguments + [url + path])
        withExtendedLifetime(sent) {}
        var lines = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let trailer = lines.popLast()?.split(separator: " ") ?? []
        let text = lines.joined(separator: "\n")
        return Answer(
            status: trailer.first.flatMap { Int($0) } ?? 0, contentType: trailer.dropFirst().joined(separator: " "),
            body: (try? JSONValue(parsing: text)) ?? .null,
            headers: try String(contentsOfFile: received.file("headers"), encoding: .utf8).split(
                whereSeparator: \.isNewline
            ).map(String.init))
    }

    func registrationToken(_ order: JSONValue = [:]) async throws -> String {
        let answer = try await post("/api/v1/registration-tokens", order)
        guard let token = answer.body["registration_token"]?.string else { throw Unexpected(answer.body) }
        return token
    }

    func register(region: String? = nil) async throws -> NodeIdentity {
        var order: JSONValue = ["registration_token": .string(try await registrationToken()), "name": "node"]
        if let region { order = order.merging(["region": .string(region)]) }
        let answer = try await post("/probe-nodes/register", order)
        guard let uuid = answer.body["node_uuid"]?.string, let key = answer.body["api_key"]?.string else {
            throw Unexpected(answer.body)
        }
        return NodeIdentity(uuid: uuid, key: key)
    }

    func job(_ requestID: String) async throws -> JSONValue { try await get("/api/v1/jobs/\(requestID)").body }

    /// Posts a job for any node and returns its request id.
    @discardableResult
    func post(job more: JSONValue = [:]) async throws -> String {
        let job: JSONValue = ["tool": "ping", "target": "127.0.0.1"]
        let answer = try await post("/api/v1/jobs", job.merging(more))
        guard let id = answer.body["request_id"]?.string else { throw Unexpected(answer.body) }
        return id
    }

    /// Asks until the job is in that state.
    func job(_ requestID: String, reaches state: String) async throws -> JSONValue {
        for _ in 0..<500 {
            let job = try await job(requestID)
            if job["state"]?.string == state { return job }
        }
        throw Unexpected("job \(requestID) never became \(state)")
    }
}

extension APIClient {
    /// Asks until the only node there is has that status.
    func waitForNode(_ status: String) async throws {
        for _ in 0..<500 {
            if try await get("/api/v1/nodes").body["nodes"]?[0]?["status"]?.string == status { return }
        }
        throw Unexpected("the node never became \(status)")
    }
}
