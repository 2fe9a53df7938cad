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
    }

    private func create(_ request: Request) async throws -> Response {
        let bytes = try await RequestJSON.body(of: request)
        // No body at all stands for the defaults.
        let object = try RequestJSON.object(bytes.isEmpty ? RawJSON.emptyObject.bytes : bytes)
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
