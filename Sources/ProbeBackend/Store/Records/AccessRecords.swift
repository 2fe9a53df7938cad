/// What lets one or more nodes register. The token itself is never stored.
public struct RegistrationToken: Sendable {
    public var id: String
    public var digest: SecretDigest
    public var name: String?
    public var uses: Int
    public var createdAt: Instant
    /// Nil: never.
    public var expiresAt: Instant?
    public var revokedAt: Instant?
}

/// A registration token as it is listed.
public struct RegistrationTokenRecord: Sendable {
    public var token: RegistrationToken
    public var usesLeft: Int
}

/// What a user may do: each role all that the one before may.
public enum Role: String, Sendable, Encodable, SQLConvertible, CaseIterable {
    case reader, `operator`, admin
}

/// A user's key for the API. The key itself is never stored.
public struct APIKey: Sendable {
    public var id: String
    public var digest: SecretDigest
    public var name: String
    public var role: Role
    public var createdAt: Instant
    /// Nil: never.
    public var expiresAt: Instant?
    public var revokedAt: Instant?
}

/// A login of a browser. Neither the cookie nor the token against forged requests is stored: that token is to be made
/// from the cookie's secret.
public struct LoginSession: Sendable {
    public var digest: SecretDigest
    /// Nil: the admin token of the command line.
    public var keyID: String?
    public var name: String
    public var role: Role
    public var createdAt: Instant
    public var expiresAt: Instant
}
