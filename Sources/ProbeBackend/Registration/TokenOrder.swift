import FoundationEssentials

/// A registration token to be made.
public struct TokenOrder: Sendable {
    private static let mostUses = 100_000
    private static let longestLife = 366 * 86_400.0

    public var name: String?
    public var uses: Int
    /// Nil: for ever.
    public var secondsToLive: Double?

    public init(name: String? = nil, uses: Int = 1, secondsToLive: Double? = 86_400) {
        self.name = name
        self.uses = uses
        self.secondsToLive = secondsToLive
    }

    /// What to store, and the secret to give away, once.
    ///
    /// - Throws: `TokenOrder.Refusal` with one sentence when a value is out of its range.
    public func make(at now: Instant) throws -> (RegistrationToken, Secret) {
        guard (name?.utf8.count ?? 0) <= 255, name?.utf8.contains(0) != true else {
            throw Refusal(sentence: "\"name\" must be at most 255 bytes without NUL.")
        }
        guard (1...Self.mostUses).contains(uses) else {
            throw Refusal(sentence: "\"uses\" must lie between 1 and \(Self.mostUses).")
        }
        guard (1...Self.longestLife).contains(secondsToLive ?? 1) else {
            throw Refusal(sentence: "\"expires_in\" must lie between 1 and \(Int(Self.longestLife)) seconds.")
        }
        let secret = try Secret(prefix: "pnrt_")
        let token = RegistrationToken(
            id: UUID().uuidString.lowercased(), digest: secret.digest, name: name, uses: uses, createdAt: now,
            expiresAt: secondsToLive.map { now.adding(seconds: $0) })
        return (token, secret)
    }

    public struct Refusal: Error {
        public let sentence: String
    }
}
