import COpenSSL

#if canImport(Glibc)
    import Glibc
#endif

/// The certificate authorities that a verification trusts.
public final class TrustStore: @unchecked Sendable {
    // @unchecked: an X509_STORE locks itself, and nothing changes this one after its initializer.

    /// X509_STORE.
    let pointer: OpaquePointer

    private init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { X509_STORE_free(pointer) }

    /// The system's authorities, read once a process: the file that `SSL_CERT_FILE` names, else Debian's bundle, else
    /// OpenSSL's default. A store that could not be read trusts nobody. Some 140 certificates take OpenSSL 20-50 ms: on a
    /// reactor, ask `SystemTrust`.
    public static let system: TrustStore? = {
        guard let pointer = X509_STORE_new() else { return nil }
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        for path in systemPaths() where X509_STORE_load_file(pointer, path) == 1 { break }
        return TrustStore(owning: pointer)
    }()

    private static func systemPaths() -> [String] {
        // Whoever sets the variable wants this file and no other.
        if let named = getenv(X509_get_default_cert_file_env()) { return [String(cString: named)] }
        return [debiansBundle, String(cString: X509_get_default_cert_file())]
    }

    /// The system's authorities (the file and the directory that OpenSSL knows, which SSL_CERT_FILE and SSL_CERT_DIR
    /// change, and Debian's bundle) and those of a PEM file. A system without authorities is no error.
    /// - Throws: `invalid_parameters` when the file is not readable or has no certificate.
    public init(systemAnd file: String?) throws(InvalidInput) {
        guard let pointer = X509_STORE_new() else {
            throw InvalidInput("There is no memory for TLS.", code: .localResourceExhausted)
        }
        self.pointer = pointer
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        X509_STORE_set_default_paths(pointer)
        X509_STORE_load_file(pointer, Self.debiansBundle)
        if let file, X509_STORE_load_file(pointer, file) != 1 {
            throw InvalidInput("The CA file \(file.quotedForMessage) is not a readable file of PEM certificates.")
        }
    }

    private static let debiansBundle = "/etc/ssl/certs/ca-certificates.crt"

    /// The certificates of a PEM text; other PEM blocks and text between the blocks are passed over.
    /// - Throws: `invalid_parameters` naming `parameter` when it has none, or one that does not decode.
    public init(pem: String, parameter: String) throws(InvalidInput) {
        guard let pointer = X509_STORE_new() else {
            throw InvalidInput("There is no memory for \(parameter).", code: .localResourceExhausted)
        }
        self.pointer = pointer
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        let (count, isDamaged) = Self.add(pem: pem, to: pointer)
        if isDamaged {
            throw InvalidInput("\(parameter) has a certificate that cannot be decoded: \(Self.complaint).")
        }
        if count == 0 { throw InvalidInput("\(parameter) must hold at least one certificate in PEM form.") }
    }

    private static var complaint: String { OpenSSLErrors.drain() ?? "bad PEM" }

    private static func add(pem: String, to store: OpaquePointer) -> (count: Int, isDamaged: Bool) {
        var text = pem
        return text.withUTF8 { bytes in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return (0, true) }
            defer { BIO_free(bio) }
            var count = 0
            while let certificate = PEM_read_bio_X509(bio, nil, { _, _, _, _ in -1 }, nil) {
                X509_STORE_add_cert(store, certificate)
                X509_free(certificate)
                count += 1
            }
            let error = ERR_peek_last_error()
            // The end of the text reads as "no start line".
            let ended = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE
            return (count, !ended && error != 0)
        }
    }
}
