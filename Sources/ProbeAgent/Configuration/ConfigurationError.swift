/// A configuration that cannot be used, in one sentence: where the value came from, what it is and what is allowed.
/// The process ends with `exitCode`.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// EX_CONFIG of sysexits.h.
    public static let exitCode: Int32 = 78

    public let description: String

    public init(_ sentence: String) { description = sentence }
}
