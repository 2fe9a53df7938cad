import COpenSSL

#if canImport(Glibc)
    import Glibc
#endif

/// What a report tells of one X.509 certificate.
public struct CertificateSummary: Sendable, Hashable {
    /// RFC 4514 text.
    public var subject: String
    public var issuer: String
    /// Host names and addresses of the subjectAltName extension, at most 100.
    public var alternativeNames: [String]
    public var notBefore: WallTime?
    public var notAfter: WallTime?
    /// Hexadecimal.
    public var serial: String
    /// `RSA`, `EC`, `ED25519`, ...
    public var keyType: String
    public var keyBits: Int
    /// OpenSSL's name: `ecdsa-with-SHA256`, `RSA-SHA256`, `ED25519`, ...
    public var signatureAlgorithm: String
    /// It asks that the server staple an OCSP response (RFC 7633).
    public var requiresStaple: Bool
    /// Of the DER form, hexadecimal.
    public var sha256: String
    /// SHA-256 of the public key's SubjectPublicKeyInfo in base64: what RFC 7469 section 2.4 pins.
    public var pinSHA256: String

    /// - Parameter certificate: an `X509` that lives at least until this returns.
    init(_ certificate: OpaquePointer) {
        subject = Self.text { X509_NAME_print_ex($0, X509_get_subject_name(certificate), 0, PROBE_NAME_RFC4514) }
        issuer = Self.text { X509_NAME_print_ex($0, X509_get_issuer_name(certificate), 0, PROBE_NAME_RFC4514) }
        alternativeNames = Self.alternativeNames(certificate)
        notBefore = X509_get0_notBefore(certificate).flatMap(WallTime.init(asn1:))
        notAfter = X509_get0_notAfter(certificate).flatMap(WallTime.init(asn1:))
        serial = Self.text { i2a_ASN1_INTEGER($0, X509_get0_serialNumber(certificate)) }
        let key = X509_get0_pubkey(certificate)
        keyType = key.flatMap { EVP_PKEY_get0_type_name($0) }.map { String(cString: $0) } ?? "unknown"
        keyBits = key.map { Int(EVP_PKEY_get_bits($0)) } ?? 0
        let signature = X509_get_signature_nid(certificate)
        signatureAlgorithm = OBJ_nid2sn(signature).map { String(cString: $0) } ?? "unknown"
        requiresStaple = X509_get_ext_by_NID(certificate, NID_tlsfeature, -1) >= 0
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        sha256 = X509_digest(certificate, EVP_sha256(), &digest, &length) == 1 ? digest.prefix(Int(length)).hex : ""
        pinSHA256 = Self.keyDigest(certificate)?.base64 ?? ""
    }

    private static func keyDigest(_ certificate: OpaquePointer) -> [UInt8]? {
        var der: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der)
        guard count > 0, let der else { return nil }
        defer { CRYPTO_free(der, #file, #line) }
        var digest = [UInt8](repeating: 0, count: 32)
        return EVP_Digest(der, Int(count), &digest, nil, EVP_sha256(), nil) == 1 ? digest : nil
    }

    /// Whole days until `notAfter`, negative when it has passed.
    public func daysLeft(at now: WallTime) -> Int? {
        notAfter.map { Int(((Double($0.nanoseconds) - Double(now.nanoseconds)) / 86_400e9).rounded(.down)) }
    }

    public func write(to writer: inout some ReportWriter, at now: WallTime) {
        writer.field("subject", subject)
        writer.field("issuer", issuer)
        writer.strings("san", alternativeNames)
        writer.field("not_before", notBefore.map(ReportValue.time) ?? .null)
        writer.field("not_after", notAfter.map(ReportValue.time) ?? .null)
        writer.field("days_left", daysLeft(at: now))
        writer.field("serial", serial)
        writer.field("key_type", keyType)
        writer.field("key_bits", keyBits)
        writer.field("signature_algorithm", signatureAlgorithm)
        writer.field("sha256", sha256)
        writer.field("pin_sha256", pinSHA256)
    }

    private static func text(_ print: (OpaquePointer) -> Int32) -> String {
        guard let bio = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(bio) }
        guard print(bio) >= 0 else { return "" }
        var bytes: UnsafeMutablePointer<CChar>?
        let count = probe_bio_bytes(bio, &bytes)
        guard count > 0, let bytes else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: min(count, 4096)), as: UTF8.self)
    }

    private static func alternativeNames(_ certificate: OpaquePointer) -> [String] {
        guard let raw = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let names = OpaquePointer(raw)
        defer { GENERAL_NAMES_free(names) }
        return (0..<min(100, probe_names_count(names))).compactMap { index in
            guard let name = probe_names_at(names, index)?.pointee else { return nil }
            switch name.type {
            case GEN_DNS: return name.d.dNSName.map { String(decoding: content($0), as: UTF8.self) }
            case GEN_IPADD: return name.d.iPAddress.flatMap { IPAddress(bytes: content($0)) }?.description
            default: return nil
            }
        }
    }

    private static func content(_ string: UnsafeMutablePointer<ASN1_STRING>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
    }
}

extension WallTime {
    init?(asn1 time: UnsafePointer<ASN1_TIME>) {
        var parts = tm()
        guard ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        // 9999-12-31, "no expiry" in RFC 5280, is beyond what 64 bits of nanoseconds hold; so is what was before 1677.
        let furthest: Int64 = 9_200_000_000
        self.init(nanoseconds: min(max(Int64(timegm(&parts)), -furthest), furthest) * 1_000_000_000)
    }
}

extension Sequence<UInt8> {
    var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
