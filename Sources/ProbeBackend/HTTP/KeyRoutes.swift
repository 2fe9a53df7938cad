import FoundationEssentials
import Hummingbird

/// `/api/v1/keys`: the API keys of users.
struct KeyRoutes: Sendable {
    private static let longestLife = 366 * 86_400.0

    let store: SQLStore
    let clock: BackendClock

    private struct Body: Decodable {
        let name: String
        let role: String
        let expiresIn: Double?

        enum CodingKeys: String, CodingKey {
            case name, role
            case expiresIn = "expires_in"
        }
    }

    func add(to group: RouterGroup<some RequestContext>) {
        group.post("keys") { request, _ in try await create(request) }
        group.get("keys") { request, _ in try await list(request) }
        group.delete("keys/{key_id}") { _, context in
            try await revoke(try context.parameters.require("key_id"))
        }
    }

    private func create(_ request: Request) async throws -> Response {
        let object = try RequestJSON.object(try await RequestJSON.body(of: request))
        let body = try RequestJSON.decode(Body.self, from: object.bytes)
        try Problem.require(
            (1...255).contains(body.name.utf8.count) && !body.name.utf8.contains(0),
            "\"name\" must be 1 to 255 bytes without NUL.")
        guard let role = Role(rawValue: body.role) else {
            throw Problem.invalidRequest("\"role\" must be \"admin\", \"operator\" or \"reader\".")
        }
        try Problem.require(
            (1...Self.longestLife).contains(body.expiresIn ?? 1),
            "\"expires_in\" must lie between 1 and \(Int(Self.longestLife)) seconds.")
        let secret = try Secret(prefix: "puk_")
        let now = clock.now
        let key = APIKey(
            id: UUID().uuidString.lowercased(), digest: secret.digest, name: body.name, role: role, createdAt: now,
            expiresAt: body.expiresIn.map { now.adding(seconds: $0) })
        try await store.insert(key)
        let shown = RawJSON(checked: try JSONText.encode(secret.text))
        return .json(try JSONText.encode(APIKeyView(key), adding: [("api_key", shown)]), status: .created)
    }

    private func list(_ request: Request) async throws -> Response {
        let page = try Page(request, keys: 2)
        let keys = try await store.apiKeys(after: try page.afterInstant, limit: page.limit + 1)
        return .json(
            try page.text("keys", keys, key: { [String($0.createdAt.milliseconds), $0.id] }) {
                try JSONText.encode(APIKeyView($0))
            })
    }

    private func revoke(_ id: String) async throws -> Response {
        guard !id.utf8.contains(0), try await store.revokeAPIKey(id, at: clock.now) else {
            throw Problem.notFound("There is no API key with the key_id \"\(id.prefix(64))\".")
        }
        return Response(status: .noContent)
    }
}

/// A key as it is listed: never the key itself.
private struct APIKeyView: Encodable {
    let key: APIKey

    init(_ key: APIKey) {
        self.key = key
    }

    private enum CodingKeys: String, CodingKey {
        case name, role, revoked
        case keyID = "key_id"
        case createdAt = "created_at"
        case expiresAt = "expires_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(key.id, forKey: .keyID)
        try container.encode(key.name, forKey: .name)
        try container.encode(key.role, forKey: .role)
        try container.encode(key.createdAt, forKey: .createdAt)
        try container.encode(key.expiresAt, forKey: .expiresAt)
        try container.encode(key.revokedAt != nil, forKey: .revoked)
    }
}
