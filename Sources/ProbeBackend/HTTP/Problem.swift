import HTTPTypes
import Hummingbird

/// An error for a client, RFC 9457: a stable code, and one sentence.
struct Problem: Error {
    let status: HTTPResponse.Status
    let code: String
    let detail: String

    static func invalidJSON(_ detail: String) -> Problem {
        Problem(status: .badRequest, code: "invalid_json", detail: detail)
    }

    static func invalidRequest(_ detail: String) -> Problem {
        Problem(status: .unprocessableContent, code: "invalid_request", detail: detail)
    }

    static func notFound(_ detail: String) -> Problem {
        Problem(status: .notFound, code: "not_found", detail: detail)
    }

    static let storeUnavailable = Problem(
        status: .serviceUnavailable, code: "store_unavailable", detail: "The database failed; nothing was stored.")

    /// - Throws: `invalid_request` with that sentence.
    static func require(_ condition: Bool, _ complaint: String) throws {
        guard condition else { throw invalidRequest(complaint) }
    }

    private struct Body: Encodable {
        let type = "about:blank"
        let title: String
        let status: Int
        let code: String
        let detail: String
    }

    func response() -> Response {
        let body = Body(title: status.reasonPhrase, status: status.code, code: code, detail: detail)
        var response = Response.json((try? JSONText.encode(body)) ?? [], status: status)
        response.headers[.contentType] = "application/problem+json"
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}

extension Response {
    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
