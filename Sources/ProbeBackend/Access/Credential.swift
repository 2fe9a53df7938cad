import Hummingbird

/// What a request shows to say who makes it. Of a key and a session's cookie the key counts.
enum Credential: Sendable {
    static let cookieName = "probeops_session"

    case key(String)
    case session(SessionSecret)

    init?(_ request: Request) {
        let scheme = "bearer "
        if let header = request.headers[.authorization] {
            guard header.lowercased().hasPrefix(scheme) else { return nil }
            self = .key(String(header.dropFirst(scheme.count)))
        } else if let cookie = request.cookies[Self.cookieName] {
            self = .session(SessionSecret(cookie.value))
        } else {
            return nil
        }
    }

    var digest: SecretDigest {
        switch self {
        case .key(let text): SecretDigest(of: text)
        case .session(let secret): secret.digest
        }
    }
}

/// The secret in a session's cookie, and what is derived from it.
struct SessionSecret: Sendable {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    static func make() throws -> SessionSecret { SessionSecret(try Secret(prefix: "pses_").text) }

    var digest: SecretDigest { SecretDigest(of: text) }

    /// The digest of a session of the admin token: another token ends it.
    func digest(boundTo adminToken: SecretDigest) -> SecretDigest {
        SecretDigest(of: "\(text) \(adminToken.bytes.hexadecimal)")
    }

    /// What requests that change something must repeat: other sites can send the cookie and cannot know this.
    var csrfToken: String { SecretDigest(of: "csrf \(text)").bytes.hexadecimal }
}
