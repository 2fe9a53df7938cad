import COpenSSL

/// Verifies the certificates that a TLS server shows: the chain against a trust store, then the name. It looks at both
/// always, so that a report can tell of both.
public struct CertificateVerifier: Sendable {
    var trust: TrustStore
    var host: Host

    public init(trust: TrustStore, host: Host) {
        self.trust = trust
        self.host = host
    }

    /// - Parameter certificates: in DER, as the server sent them, its own first: for who has its TLS from another
    ///   library. One that does not decode makes the whole chain bad.
    public func verify(
        _ certificates: [[UInt8]], at now: WallTime, clock: any TimeSource
    ) -> CertificateVerdict {
        let parsed = certificates.map { der in
            der.withUnsafeBufferPointer { bytes in
                var position = bytes.baseAddress
                return d2i_X509(nil, &position, bytes.count)
            }
        }
        let others = OPENSSL_sk_new_null()
        defer {
            for certificate in parsed { X509_free(certificate) }
            OPENSSL_sk_free(others)
        }
        let isReadable = others != nil && parsed.allSatisfy { $0 != nil }
        for case let certificate? in parsed.dropFirst() { OPENSSL_sk_push(others, UnsafeRawPointer(certificate)) }
        return verify(
            isReadable ? parsed.first ?? nil : nil, among: others, securityLevel: -1, at: now, clock: clock)
    }

    /// - Parameters:
    ///   - context: the X509_STORE_CTX of SSL_CTX_set_cert_verify_callback(3), of which the server's certificates and the
    ///     connection's security level are taken.
    ///   - now: the wall clock that validity is judged by.
    func verify(_ context: OpaquePointer, at now: WallTime, clock: any TimeSource) -> CertificateVerdict {
        verify(
            X509_STORE_CTX_get0_cert(context), among: X509_STORE_CTX_get0_untrusted(context),
            securityLevel: Self.securityLevel(of: context), at: now, clock: clock)
    }

    /// - Parameters:
    ///   - leaf: the server's own X509.
    ///   - others: a STACK_OF(X509) with what else it sent.
    ///   - securityLevel: SSL_CTX_set_security_level(3); -1: the default.
    ///   - staple: the DER of the OCSP response that came with them.
    func verify(
        _ leaf: OpaquePointer?, among others: OpaquePointer?, securityLevel: Int32, staple: [UInt8]? = nil,
        at now: WallTime, clock: any TimeSource
    ) -> CertificateVerdict {
        let started = clock.now
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        guard let leaf, let own = X509_STORE_CTX_new() else {
            return verdict(X509_V_ERR_UNSPECIFIED, chain: [], hostMatches: false, since: started, clock)
        }
        defer { X509_STORE_CTX_free(own) }
        let error = build(own, leaf, others, securityLevel, now)
        let hostMatches = matches(leaf)
        let elapsed = clock.now - started
        let built = X509_STORE_CTX_get0_chain(own)
        let chain = (0..<probe_x509_count(built)).compactMap { probe_x509_at(built, $0).map(CertificateSummary.init) }
        var result = verdict(error, chain: chain, hostMatches: hostMatches, since: started, clock)
        if result.code == .tlsUnknownAuthority, chain.count == 1, Self.namesIssuersCertificate(leaf) {
            result.code = .tlsIncompleteChain
            result.message =
                "The server sent no certificate of the issuer \(chain[0].issuer.quotedForMessage), "
                + "and it is not among the trusted authorities: an intermediate certificate seems to be missing."
        }
        if let staple {
            let issuer = probe_x509_count(built) > 1 ? probe_x509_at(built, 1) : nil
            result.heed(OCSPStaple(staple, of: leaf, by: issuer, among: others, at: now), of: host)
        }
        result.duration = elapsed
        return result
    }

    /// X509_V_*.
    private func build(
        _ own: OpaquePointer, _ leaf: OpaquePointer, _ untrusted: OpaquePointer?, _ level: Int32, _ now: WallTime
    ) -> Int32 {
        guard X509_STORE_CTX_init(own, trust.pointer, leaf, untrusted) == 1 else { return X509_V_ERR_OUT_OF_MEM }
        X509_STORE_CTX_set_default(own, "ssl_server")
        let parameters = X509_STORE_CTX_get0_param(own)
        X509_VERIFY_PARAM_set_time(parameters, Int(now.nanoseconds / 1_000_000_000))
        X509_VERIFY_PARAM_set_flags(parameters, PROBE_VERIFY_FLAGS)
        X509_VERIFY_PARAM_set_auth_level(parameters, level)
        if X509_verify_cert(own) == 1 { return X509_V_OK }
        let error = X509_STORE_CTX_get_error(own)
        return error == X509_V_OK ? X509_V_ERR_UNSPECIFIED : error
    }

    private static func securityLevel(of context: OpaquePointer) -> Int32 {
        guard let tls = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()) else { return -1 }
        return SSL_get_security_level(OpaquePointer(tls))
    }

    private func matches(_ leaf: OpaquePointer) -> Bool {
        switch host {
        case .address(let address):
            let bytes = address.bytes
            return X509_check_ip(leaf, bytes, bytes.count, 0) == 1
        case .name(let name):
            // No certificate has the dot that ends the search list.
            let name = name.hasSuffix(".") ? String(name.dropLast()) : name
            return X509_check_host(leaf, name, name.utf8.count, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS), nil) == 1
        }
    }

    /// A lone certificate by an issuer nobody knows: did the server forget an intermediate, or is the authority a
    /// stranger? A certificate that says where its issuer's certificate is to be had (caIssuers of RFC 5280 section
    /// 4.2.2.1, as all public authorities put into what an intermediate signs) has an intermediate for its issuer.
    private static func namesIssuersCertificate(_ leaf: OpaquePointer) -> Bool {
        guard let raw = X509_get_ext_d2i(leaf, NID_info_access, nil, nil) else { return false }
        let access = OpaquePointer(raw)
        defer { AUTHORITY_INFO_ACCESS_free(access) }
        return (0..<probe_access_count(access)).contains {
            probe_access_at(access, $0).map { OBJ_obj2nid($0.pointee.method) } == NID_ad_ca_issuers
        }
    }

    private func verdict(
        _ error: Int32, chain: [CertificateSummary], hostMatches: Bool, since started: Instant, _ clock: any TimeSource
    ) -> CertificateVerdict {
        let error = error == X509_V_OK && !hostMatches ? X509_V_ERR_HOSTNAME_MISMATCH : error
        return CertificateVerdict(
            error: error, code: ErrorCode(verification: error), message: message(error, chain),
            hostMatches: hostMatches,
            chain: chain, startedAt: started, duration: clock.now - started)
    }

    private func message(_ error: Int32, _ chain: [CertificateSummary]) -> String {
        let words = String(cString: X509_verify_cert_error_string(Int(error)))
        switch error {
        case X509_V_OK: return words
        case X509_V_ERR_HOSTNAME_MISMATCH:
            let names = chain.first?.alternativeNames.prefix(5).joined(separator: ", ") ?? ""
            return "The certificate is not for \(host)" + (names.isEmpty ? "." : " but for \(names).")
        case X509_V_ERR_CERT_HAS_EXPIRED:
            let when = chain.first?.notAfter.map { " (\($0.iso8601))" } ?? ""
            return "The certificate of \(host) is not good: \(words)\(when)."
        case X509_V_ERR_CERT_NOT_YET_VALID:
            let when = chain.first?.notBefore.map { " (\($0.iso8601))" } ?? ""
            return "The certificate of \(host) is not good: \(words)\(when)."
        default: return "The certificate of \(host) is not good: \(words)."
        }
    }
}

extension ErrorCode {
    /// The published code for an X509_V_* error; nil for X509_V_OK.
    init?(verification error: Int32) {
        switch error {
        case X509_V_OK: return nil
        case X509_V_ERR_CERT_HAS_EXPIRED: self = .tlsCertificateExpired
        case X509_V_ERR_CERT_NOT_YET_VALID: self = .tlsCertificateNotYetValid
        case X509_V_ERR_CERT_REVOKED: self = .tlsCertificateRevoked
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: self = .tlsSelfSigned
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
            X509_V_ERR_CERT_UNTRUSTED:
            self = .tlsUnknownAuthority
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: self = .tlsHostnameMismatch
        default: self = .tlsHandshakeFailed
        }
    }
}
