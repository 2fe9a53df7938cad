import HTTPTypes
import Hummingbird

/// Lets through only who is known, and against forged requests only who repeats the session's token.
struct AuthenticationMiddleware: RouterMiddleware {
    let authenticator: Authenticator

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        guard let credential = Credential(request), let caller = try await authenticator.caller(credential) else {
            throw Problem.unauthorized
        }
        if case .session(let secret) = credential, !request.method.isSafe {
            let shown = request.headers[.csrfToken] ?? ""
            guard SecretDigest(of: shown).matches(SecretDigest(of: secret.csrfToken)) else { throw Problem.csrfFailed }
        }
        var context = context
        context.caller = caller
        return try await next(request, context)
    }
}

/// Lets through only who may: readers read, and what changes something needs the role that is given.
struct RoleMiddleware: RouterMiddleware {
    let writes: Role

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let needed = request.method.isSafe ? .reader : writes
        guard let caller = context.caller, caller.role >= needed else { throw Problem.forbidden(needed) }
        return try await next(request, context)
    }
}

extension HTTPRequest.Method {
    /// Changes nothing (RFC 9110 section 9.2.1).
    var isSafe: Bool { self == .get || self == .head }
}

extension HTTPField.Name {
    static let csrfToken = parsed("X-CSRF-Token")
    /// Fetch Metadata: from where a browser was made to send the request.
    static let fetchSite = parsed("Sec-Fetch-Site")

    private static func parsed(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name") }
        return name
    }
}

extension Problem {
    static let unauthorized = Problem(
        status: .unauthorized, code: "unauthorized",
        detail: "This needs the header \"Authorization: Bearer\" with a valid API key, or a session.")

    static let csrfFailed = Problem(
        status: .forbidden, code: "csrf_failed",
        detail: "A session must send its own token in the header \"X-CSRF-Token\".")

    static func forbidden(_ needed: Role) -> Problem {
        Problem(status: .forbidden, code: "forbidden", detail: "This needs the role \"\(needed.rawValue)\".")
    }
}
