import HTTPTypes
import Hummingbird

/// `/api/v1/session`: a browser trades an API key for a cookie.
struct SessionRoutes: Sendable {
    let authenticator: Authenticator
    let limits: RateLimitMiddleware
    /// The cookie is for HTTPS only.
    let isSecure: Bool

    private struct Body: Decodable {
        let apiKey: String

        enum CodingKeys: String, CodingKey {
            case apiKey = "api_key"
        }
    }

    private struct View: Encodable {
        let role: Role
        let name: String
        let csrfToken: String?
        let expiresAt: Instant?

        enum CodingKeys: String, CodingKey {
            case role, name
            case csrfToken = "csrf_token"
            case expiresAt = "expires_at"
        }

        func encode(to encoder: any Encoder) throws {
            // Written out, so that a request with a key of its own finds null and no gap.
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(role, forKey: .role)
            try container.encode(name, forKey: .name)
            try container.encode(csrfToken, forKey: .csrfToken)
            try container.encode(expiresAt, forKey: .expiresAt)
        }
    }

    /// - Parameters:
    ///   - open: for everybody.
    ///   - group: for who is known.
    func add(open: RouterGroup<APIContext>, to group: RouterGroup<APIContext>) {
        open.post("session") { request, _ in try await login(request) }
        group.get("session") { request, context in try show(request, context) }
        group.delete("session") { request, context in try await logout(request, context) }
    }

    private func login(_ request: Request) async throws -> Response {
        // No token can protect a login. Where the browser says that another site sends it, it is not the user's.
        guard request.headers[.fetchSite] != "cross-site" else { throw Problem.csrfFailed }
        let object = try RequestJSON.object(try await RequestJSON.body(of: request))
        let body = try RequestJSON.decode(Body.self, from: object.bytes)
        try limits.take(SecretDigest(of: body.apiKey))
        guard let (session, secret) = try await authenticator.login(body.apiKey) else { throw Problem.unauthorized }
        let view = View(
            role: session.role, name: session.name, csrfToken: secret.csrfToken, expiresAt: session.expiresAt)
        var response = Response.json(try JSONText.encode(view))
        setCookie(secret.text, for: Int(Authenticator.sessionLife), on: &response)
        return response
    }

    private func show(_ request: Request, _ context: APIContext) throws -> Response {
        guard let caller = context.caller else { throw Problem.unauthorized }
        var token: String?
        if case .session(let secret) = Credential(request) { token = secret.csrfToken }
        let view = View(
            role: caller.role, name: caller.name, csrfToken: token, expiresAt: caller.session?.expiresAt)
        return .json(try JSONText.encode(view))
    }

    private func logout(_ request: Request, _ context: APIContext) async throws -> Response {
        if let session = context.caller?.session { try await authenticator.store.delete(session) }
        var response = Response(status: .noContent)
        setCookie("", for: 0, on: &response)
        return response
    }

    private func setCookie(_ value: String, for seconds: Int, on response: inout Response) {
        response.setCookie(
            Cookie(
                name: Credential.cookieName, value: value, maxAge: seconds, path: "/", secure: isSecure,
                httpOnly: true, sameSite: .strict))
        response.headers[.cacheControl] = "no-store"
    }
}
