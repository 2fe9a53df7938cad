import ProbeNative

/// How a node comes to its identity where it is not told UUID and key.
public struct Enrollment: Sendable {
    /// `pnrt_...`: good for registering once, or a few times.
    public var registrationToken: Secret?
    public var registrationTokenFile: String?
    /// A configuration token (`ConfigToken`); what begins with `pnrt_` is taken for a registration token.
    public var token: Secret?
    public var tokenFile: String?
    /// What the backend shows for the node; nil: its host name.
    public var name: String?
    public var region: String?
    public var zone: String?
    /// There is no identity yet: the node registers first.
    public var isDue = false

    public init() {}

    static let registrationPrefix = "pnrt_"
}
