import FoundationEssentials
import ProbeNative

/// Public keys that the backend may be known by, beside its chain and name: the SHA-256 of a SubjectPublicKeyInfo each
/// (RFC 7469 section 2.4). A chain is good when one of its certificates, from the server's own up to the trusted root,
/// has such a key (section 2.6).
public struct KeyPins: Sendable, Hashable, CustomStringConvertible {
    /// Base64 of the digests.
    private let digests: [String]

    /// `sha256/BASE64=` as curl writes it, with commas in between. At least two different ones: with a single pin a
    /// lost key would lock the node out for ever (section 4.3).
    public init?(_ text: String) {
        var digests: [String] = []
        for pin in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = pin.split(separator: " ")
            guard words.count == 1, let word = words.first, word.hasPrefix(Self.prefix),
                let digest = Data(base64Encoded: String(word.dropFirst(Self.prefix.count))), digest.count == 32
            else { return nil }
            digests.append([UInt8](digest).base64)
        }
        guard Set(digests).count >= 2 else { return nil }
        self.digests = digests
    }

    private static let prefix = "sha256/"

    public var description: String { Self.show(digests) }

    /// Nil when a key of the chain is pinned.
    /// - Parameter chain: as it was verified, the server's own certificate first.
    func failure(_ chain: [CertificateSummary], of host: ProbeNative.Host) -> ProbeFailure? {
        if chain.contains(where: { digests.contains($0.pinSHA256) }) { return nil }
        return ProbeFailure(
            .tls, .tlsPinMismatch,
            "The certificate of \(host) is trusted, but no key of its chain is pinned by --pin: its own is "
                + "\(Self.show(chain.prefix(1).map(\.pinSHA256))), above it are "
                + "\(Self.show(chain.dropFirst().map(\.pinSHA256))).")
    }

    private static func show(_ digests: [String]) -> String {
        digests.isEmpty ? "none" : digests.map { prefix + $0 }.joined(separator: ", ")
    }
}
