/// A node as it registered.
public struct NewNode: Sendable {
    public var uuid: String
    public var keyDigest: SecretDigest
    public var name: String
    public var hostname: String?
    public var region: String?
    public var zone: String?
    public var internalIP: String?
    public var version: String?
    public var maxConcurrent: Int
    public var supportedTools: RawJSON?
    public var hardwareInfo: RawJSON?
    public var networkInfo: RawJSON?
    public var registeredAt: Instant
}

/// A node as it is known: its registration, brought up to date by each connection.
public struct NodeRecord: Sendable {
    public var node: NewNode
    public var lastSeenAt: Instant?
    /// The last heartbeat, byte for byte.
    public var heartbeat: RawJSON?
    public var tags: Tags
    public var isDisabled: Bool
    /// The key before the last rotation, good until `oldKeyValidUntil`.
    public var oldKeyDigest: SecretDigest?
    public var oldKeyValidUntil: Instant?
    /// An array of `[milliseconds, current_load, in_flight]`, oldest first.
    public var loadHistory: RawJSON?
    /// The replica that it is connected to; nil when it is connected to none that lives.
    public var replica: String?
    public var connectionID: String?
    /// Of its newest connection.
    public var epoch: Int64

    public var isConnected: Bool { replica != nil }
}

/// A node's tags: words of lower-case letters, digits, dots and hyphens.
public struct Tags: Sendable, Equatable, SQLConvertible {
    public var words: [String]

    public init(_ words: [String] = []) {
        self.words = words
    }

    /// `["a","b"]`, so that a tag's presence can be asked for by LIKE '%"a"%'.
    var sqlValue: SQLValue { .text("[" + words.map { "\"\($0)\"" }.joined(separator: ",") + "]") }

    init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue, let words = try? JSONText.decode([String].self, from: Array(text.utf8))
        else { return nil }
        self.words = words
    }
}

/// What a node says of itself when it connects, as far as it is kept. Nil leaves what is known.
public struct NodeUpdate: Sendable {
    public var version: String?
    public var hostname: String?
    public var maxConcurrent: Int?
}
