/// Bytes that are not the message they should be. The sentence says where and why; it never quotes more than a few
/// characters of the input.
public struct MalformedMessage: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String
    package init(_ description: String) { self.description = description }
}
