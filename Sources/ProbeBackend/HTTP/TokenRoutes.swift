import Hummingbird

/// `/api/v1/registration-tokens`
struct TokenRoutes: Sendable {
    let store: SQLStore
    let clock: BackendClock

    private struct Body: Decodable {
        let name: String?
        let uses: Int?
        let expiresIn: Double?

        enum CodingKeys: String, CodingKey {
            case name, uses
            case expiresIn = "expires_in"
        }
    }

    private struct View: Encodable {
        let tokenID: String
        let registrationToken: String
        let name: String?
        let uses: Int
        let expiresAt: Instant?

        enum CodingKeys: String, CodingKey {
            case name, uses
            case tokenID = "token_id"
            case registrationToken = "registration_token"
            case expiresAt = "expires_at"
        }
    }

    func add(to group: RouterGroup<some RequestContext>) {
        group.post("registration-tokens") { request, _ in try await create(request) }
        group.get("registration-tokens") { request, _ in try await list(request) }
        group.delete("registration-tokens/{token_id}") { _, context in
            try await revoke(try context.parameters.require("token_id"))
        }
    }

    private func list(_ request: Request) async throws -> Response {
        let page = try Page(request, keys: 2)
        let tokens = try await store.registrationTokens(after: try page.afterInstant, limit: page.limit + 1)
        return .json(
            try page.text(
                "registration_tokens", tokens, key: { [String($0.token.createdAt.milliseconds), $0.token.id] }
            ) {
                try JSONText.encode(RegistrationTokenView($0))
            })
    }

    private func revoke(_ id: String) async throws -> Response {
        guard !id.utf8.contains(0), try await store.revokeRegistrationToken(id, at: clock.now) else {
            throw Problem.notFound("There is no registration token with the token_id \"\(id.prefix(64))\".")
        }
        return Response(status: .noContent)
    }

    private func create(_ request: Request) async throws -> Response {
        let object = try await RequestJSON.optionalObject(of: request)
        let body = try RequestJSON.decode(Body.self, from: object.bytes)
        let order = TokenOrder(
            name: body.name, uses: body.uses ?? 1,
            // null is "never", absence the default of a day.
            secondsToLive: object["expires_in"]?.isNull == true ? nil : body.expiresIn ?? 86_400)
        let (token, secret) = try order.make(at: clock.now)
        try await store.insert(token)
        let view = View(
            tokenID: token.id, registrationToken: secret.text, name: token.name, uses: token.uses,
            expiresAt: token.expiresAt)
        return .json(try JSONText.encode(view), status: .created)
    }
}

/// A token as it is listed: never the token itself.
private struct RegistrationTokenView: Encodable {
    let record: RegistrationTokenRecord

    init(_ record: RegistrationTokenRecord) {
        self.record = record
    }

    private enum CodingKeys: String, CodingKey {
        case name, uses, revoked
        case tokenID = "token_id"
        case usesLeft = "uses_left"
        case createdAt = "created_at"
        case expiresAt = "expires_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        let token = record.token
        try container.encode(token.id, forKey: .tokenID)
        try container.encode(token.name, forKey: .name)
        try container.encode(token.uses, forKey: .uses)
        try container.encode(record.usesLeft, forKey: .usesLeft)
        try container.encode(token.createdAt, forKey: .createdAt)
        try container.encode(token.expiresAt, forKey: .expiresAt)
        try container.encode(token.revokedAt != nil, forKey: .revoked)
    }
}
