import COpenSSL

/// What a handshake negotiated.
public struct TLSSession: Sendable, Hashable {
    /// `TLSv1.3`, `TLSv1.2`, ...
    public var version: String
    /// OpenSSL's name of the cipher suite.
    public var cipher: String?
    /// Symmetric strength of the cipher.
    public var cipherBits: Int
    /// False for the RSA key exchange of TLS 1.2 and below.
    public var isForwardSecret: Bool
    /// The key exchange's group by its name in IANA's table of TLS groups (`x25519`, `secp256r1`), `dh-2048` for a
    /// finite field of the server's own; nil where the server's RSA key does it.
    public var group: String?
    /// Bits of the server's share.
    public var groupBits: Int?
    /// Nil when the server chose none.
    public var alpn: String?
    /// RFC 5746; TLS 1.3 has no renegotiation.
    public var renegotiatesSecurely: Bool

    /// - Parameter tls: an SSL whose handshake is done.
    init(_ tls: OpaquePointer) {
        version = String(cString: SSL_get_version(tls))
        let suite = SSL_get_current_cipher(tls)
        cipher = suite.map { String(cString: SSL_CIPHER_get_name($0)) }
        cipherBits = suite.map { Int(SSL_CIPHER_get_bits($0, nil)) } ?? 0
        isForwardSecret = suite.map { SSL_CIPHER_get_kx_nid($0) != NID_kx_rsa } ?? false
        if let share = probe_tls_peer_share(tls) {
            defer { EVP_PKEY_free(share) }
            group = Self.groupName(share)
            groupBits = Int(EVP_PKEY_get_bits(share))
        }
        var protocolBytes: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(tls, &protocolBytes, &count)
        if let protocolBytes, count > 0 {
            alpn = String(decoding: UnsafeBufferPointer(start: protocolBytes, count: Int(count)), as: UTF8.self)
        }
        renegotiatesSecurely =
            SSL_version(tls) >= TLSVersion.tls13.rawValue || probe_tls_renegotiates_securely(tls) == 1
    }

    private static func groupName(_ share: OpaquePointer) -> String {
        var bytes = [CChar](repeating: 0, count: 64)
        var length = 0
        if EVP_PKEY_get_group_name(share, &bytes, bytes.count, &length) == 1, length > 0 {
            let name = String(decoding: bytes.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
            return name == "prime256v1" ? "secp256r1" : name
        }
        let type = EVP_PKEY_get0_type_name(share).map { String(cString: $0).lowercased() } ?? "unknown"
        return type == "dh" ? "dh-\(EVP_PKEY_get_bits(share))" : type
    }
}
