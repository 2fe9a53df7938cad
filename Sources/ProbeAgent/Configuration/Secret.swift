/// A text that must not reach a log, an error sentence or a crash report: printing it shows only that it is there.
public struct Secret: Sendable, Hashable {
    /// The text itself, for the authentication frame alone.
    public let revealed: String

    public init(_ text: String) { revealed = text }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "[redacted]" }
    public var debugDescription: String { description }
    // `dump` and the reflection of an enclosing struct go through the mirror.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
