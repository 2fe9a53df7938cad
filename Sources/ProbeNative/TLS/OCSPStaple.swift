import COpenSSL

/// A stapled OCSP response (RFC 6960), judged for one certificate.
public struct OCSPStaple: Sendable, Hashable {
    public enum Status: String, Sendable, Hashable {
        case good, revoked, unknown
        /// Its time is over, or has not come.
        case outdated
        /// It is not signed by the issuer or by whom the issuer appointed, or is about another certificate.
        case unverified
        /// It is no response, or one without an answer (`tryLater`, ...).
        case unusable
    }

    public var status: Status
    public var thisUpdate: WallTime?
    /// Nil: newer information is always to be had.
    public var nextUpdate: WallTime?
    public var revokedAt: WallTime?
    /// As RFC 5280 section 5.3.1 names it: `keyCompromise`, ...
    public var reason: String?
    /// What is wrong with the response itself.
    public var problem: String?

    /// Clocks differ; a response is taken this much before and after its time.
    private static let leeway: Int64 = 300_000_000_000

    private init(_ status: Status, _ problem: String?) {
        self.status = status
        self.problem = problem
    }

    /// - Parameters:
    ///   - der: as it came.
    ///   - certificate: the X509 that it should be about.
    ///   - issuer: that one's X509, as the chain was built; nil where none was found.
    ///   - others: a STACK_OF(X509) with what the server sent.
    init(
        _ der: [UInt8], of certificate: OpaquePointer, by issuer: OpaquePointer?, among others: OpaquePointer?,
        at now: WallTime
    ) {
        let parsed = der.withUnsafeBufferPointer { bytes in
            var position = bytes.baseAddress
            return d2i_OCSP_RESPONSE(nil, &position, bytes.count)
        }
        guard let response = parsed else {
            self.init(.unusable, "The stapled OCSP response cannot be decoded.")
            return
        }
        defer { OCSP_RESPONSE_free(response) }
        let answer = OCSP_response_status(response)
        guard answer == OCSP_RESPONSE_STATUS_SUCCESSFUL, let basic = OCSP_response_get1_basic(response) else {
            let words = OCSP_response_status_str(Int(answer)).map { String(cString: $0) } ?? "status \(answer)"
            self.init(.unusable, "The stapled OCSP response has no answer: \(words).")
            return
        }
        defer { OCSP_BASICRESP_free(basic) }
        guard let issuer else {
            self.init(.unverified, "The issuer of the certificate is not known, so its OCSP response proves nothing.")
            return
        }
        guard let single = Self.single(in: basic, about: certificate, by: issuer) else {
            self.init(.unverified, "The stapled OCSP response is about another certificate.")
            return
        }
        self.init(single)
        if !Self.isSigned(basic, by: issuer, among: others, at: now) {
            (status, problem) = (.unverified, "The stapled OCSP response is not signed by the certificate's issuer.")
        } else if !isCurrent(at: now) {
            (status, problem) = (.outdated, "The stapled OCSP response is not of this time.")
        }
    }

    /// - Parameter single: an OCSP_SINGLERESP.
    private init(_ single: OpaquePointer) {
        var code: Int32 = -1
        var revoked: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        var this: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        var next: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        switch OCSP_single_get0_status(single, &code, &revoked, &this, &next) {
        case V_OCSP_CERTSTATUS_GOOD: status = .good
        case V_OCSP_CERTSTATUS_REVOKED: status = .revoked
        default: status = .unknown
        }
        thisUpdate = this.flatMap { WallTime(asn1: $0) }
        nextUpdate = next.flatMap { WallTime(asn1: $0) }
        revokedAt = revoked.flatMap { WallTime(asn1: $0) }
        // -1: none given.
        if code >= 0 { reason = OCSP_crl_reason_str(Int(code)).map { String(cString: $0) } }
    }

    private func isCurrent(at now: WallTime) -> Bool {
        guard let thisUpdate, thisUpdate.nanoseconds <= now.nanoseconds + Self.leeway else { return false }
        return nextUpdate.map { now.nanoseconds <= $0.nanoseconds + Self.leeway } ?? true
    }

    /// The answer about `certificate`. Each names it by hashes of its issuer's name and key, with a digest of the
    /// responder's choice.
    private static func single(
        in basic: OpaquePointer, about certificate: OpaquePointer, by issuer: OpaquePointer
    ) -> OpaquePointer? {
        for index in 0..<OCSP_resp_count(basic) {
            guard let single = OCSP_resp_get0(basic, index), let theirs = OCSP_SINGLERESP_get0_id(single) else {
                continue
            }
            var digest: OpaquePointer?
            OCSP_id_get0_info(nil, &digest, nil, nil, theirs)
            guard let digest, let kind = EVP_get_digestbyname(OBJ_nid2sn(OBJ_obj2nid(digest))),
                let ours = OCSP_cert_to_id(kind, certificate, issuer)
            else { continue }
            defer { OCSP_CERTID_free(ours) }
            if OCSP_id_cmp(ours, theirs) == 0 { return single }
        }
        return nil
    }

    /// By the issuer itself, or by a certificate that it made for this (RFC 6960 section 4.2.2.2). Whether the issuer is
    /// to be trusted is the chain's affair.
    private static func isSigned(
        _ basic: OpaquePointer, by issuer: OpaquePointer, among others: OpaquePointer?, at now: WallTime
    ) -> Bool {
        guard let candidates = OPENSSL_sk_new_null() else { return false }
        defer { OPENSSL_sk_free(candidates) }
        OPENSSL_sk_push(candidates, UnsafeRawPointer(issuer))
        for index in 0..<probe_x509_count(others) {
            if let other = probe_x509_at(others, index) { OPENSSL_sk_push(candidates, UnsafeRawPointer(other)) }
        }
        // The signature alone: OpenSSL would verify the signer's chain by the system's clock.
        var signer: OpaquePointer?
        guard OCSP_basic_verify(basic, candidates, nil, UInt(OCSP_NOVERIFY)) == 1,
            OCSP_resp_get0_signer(basic, &signer, candidates) == 1, let signer
        else { return false }
        return X509_cmp(signer, issuer) == 0 || isAppointed(signer, by: issuer, at: now)
    }

    private static func isAppointed(_ signer: OpaquePointer, by issuer: OpaquePointer, at now: WallTime) -> Bool {
        guard X509_check_issued(issuer, signer) == X509_V_OK, let key = X509_get0_pubkey(issuer),
            X509_verify(signer, key) == 1,
            X509_get_extension_flags(signer) & UInt32(EXFLAG_XKUSAGE) != 0,
            X509_get_extended_key_usage(signer) & UInt32(XKU_OCSP_SIGN) != 0,
            let from = X509_get0_notBefore(signer).flatMap({ WallTime(asn1: $0) }),
            let to = X509_get0_notAfter(signer).flatMap({ WallTime(asn1: $0) })
        else { return false }
        return from <= now && now <= to
    }
}

extension OCSPStaple {
    func write(to writer: inout some ReportWriter) {
        writer.field("status", status.rawValue)
        writer.field("this_update", thisUpdate.map(ReportValue.time) ?? .null)
        writer.field("next_update", nextUpdate.map(ReportValue.time) ?? .null)
        if status == .revoked {
            writer.field("revoked_at", revokedAt.map(ReportValue.time) ?? .null)
            writer.field("reason", reason)
        }
        if let problem { writer.field("message", problem) }
    }
}

extension CertificateVerdict {
    /// A good chain is none any more when its authority says so. What else is wrong with a chain comes first; a wrong
    /// name, after.
    mutating func heed(_ staple: OCSPStaple, of host: Host) {
        self.staple = staple
        guard staple.status == .revoked, error == X509_V_OK || error == X509_V_ERR_HOSTNAME_MISMATCH else { return }
        error = X509_V_ERR_CERT_REVOKED
        code = ErrorCode(verification: error)
        let when = staple.revokedAt.map { " since \($0.iso8601)" } ?? ""
        let why = staple.reason.map { " (\($0))" } ?? ""
        message = "The certificate of \(host) is revoked\(when)\(why), says its authority in the stapled OCSP response."
    }
}
