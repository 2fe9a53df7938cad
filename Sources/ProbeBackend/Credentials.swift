import COpenSSL

/// A secret that was made here (token, API key): 256 random bits, so that a plain SHA-256 of it is a sound way to
/// keep it. Passwords of people would need more.
public struct Secret: Sendable {
    /// What the holder is given, once: the prefix and 64 hexadecimal digits.
    public let text: String

    enum Failure: Error { case noRandomness }

    /// - Throws: `Failure.noRandomness` when OpenSSL's generator is not seeded.
    public init(prefix: String) throws {
        var bytes = [UInt8](repeating: 0, count: 32)
        guard RAND_bytes(&bytes, Int32(bytes.count)) == 1 else { throw Failure.noRandomness }
        text = prefix + bytes.hexadecimal
    }

    public var digest: SecretDigest { SecretDigest(of: text) }
}

/// The SHA-256 of a secret: the only form in which one is stored or compared.
public struct SecretDigest: Sendable {
    public let bytes: [UInt8]

    public init(of text: String) {
        var digest = [UInt8](repeating: 0, count: 32)
        var text = text
        text.withUTF8 { utf8 in
            _ = EVP_Digest(utf8.baseAddress, utf8.count, &digest, nil, EVP_sha256(), nil)
        }
        bytes = digest
    }

    init(stored bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Takes the same time wherever the first difference is.
    public func matches(_ other: SecretDigest) -> Bool {
        bytes.count == other.bytes.count && CRYPTO_memcmp(bytes, other.bytes, bytes.count) == 0
    }
}

extension [UInt8] {
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        let text = flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}
