/// Something that a TLS server does worse than it could. None of them is a failure of the diagnostic.
public struct TLSWeakness: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        case oldProtocol = "old_protocol"
        case weakCipher = "weak_cipher"
        case noForwardSecrecy = "no_forward_secrecy"
        case weakKeyExchange = "weak_key_exchange"
        case insecureRenegotiation = "insecure_renegotiation"
        case weakKey = "weak_key"
        case weakSignature = "weak_signature"
        case noAlternativeNames = "no_alternative_names"
        case chainOrder = "chain_order"
        case stapleMissing = "staple_missing"
    }

    public var kind: Kind
    /// One sentence.
    public var detail: String
}

extension TLSReport {
    public var weaknesses: [TLSWeakness] { protocolWeaknesses + sessionWeaknesses + certificateWeaknesses }

    /// RFC 8996: TLS 1.0 and 1.1 are not to be used.
    private var protocolWeaknesses: [TLSWeakness] {
        var old = trials.filter { $0.isAccepted == true && $0.version < .tls12 }.map(\.version)
        if let chosen = TLSVersion.allCases.first(where: { $0.name == session?.version }), chosen < .tls12,
            !old.contains(chosen)
        {
            old.append(chosen)
        }
        return old.map { TLSWeakness(kind: .oldProtocol, detail: "The server accepts TLS \($0.number).") }
    }

    private var sessionWeaknesses: [TLSWeakness] {
        guard let session, let cipher = session.cipher else { return [] }
        var found: [TLSWeakness] = []
        func note(_ kind: TLSWeakness.Kind, _ detail: String) { found.append(TLSWeakness(kind: kind, detail: detail)) }
        if session.cipherBits < 128 || ["RC4", "DES", "NULL", "MD5"].contains(where: cipher.contains) {
            note(.weakCipher, "The server chose \(cipher).")
        }
        if !session.isForwardSecret {
            note(.noForwardSecrecy, "With \(cipher), whoever gets the server's key can read what was recorded before.")
        }
        if let group = session.group, let bits = session.groupBits, bits < (group.isFiniteField ? 2048 : 224) {
            note(.weakKeyExchange, "The key exchange uses \(group), \(bits) bits.")
        }
        if !session.renegotiatesSecurely {
            note(.insecureRenegotiation, "The server does not know secure renegotiation (RFC 5746).")
        }
        return found
    }

    private var certificateWeaknesses: [TLSWeakness] {
        guard let leaf = chain.first else { return [] }
        var found: [TLSWeakness] = []
        func note(_ kind: TLSWeakness.Kind, _ detail: String) { found.append(TLSWeakness(kind: kind, detail: detail)) }
        for one in chain {
            if one.isShort { note(.weakKey, "\(one.subject) has an \(one.keyType) key of \(one.keyBits) bits.") }
            // A root is trusted for what it is, not for its signature on itself.
            let digests = ["SHA1", "MD5", "MD4", "MD2"]
            if one.subject != one.issuer, digests.contains(where: one.signatureAlgorithm.uppercased().contains) {
                note(.weakSignature, "\(one.subject) is signed with \(one.signatureAlgorithm).")
            }
        }
        if leaf.alternativeNames.isEmpty {
            note(.noAlternativeNames, "The certificate has no subjectAltName: browsers take it for no host.")
        }
        if zip(chain, chain.dropFirst()).contains(where: { $0.issuer != $1.subject }) {
            note(.chainOrder, "The certificates are not sent in the order in which each signs the one before.")
        }
        if leaf.requiresStaple, !isStapled {
            note(.stapleMissing, "The certificate asks for a stapled OCSP response, and the server sent none.")
        }
        return found
    }
}

extension CertificateSummary {
    /// NIST SP 800-131A: below 112 bits of strength.
    fileprivate var isShort: Bool {
        switch keyType {
        case "RSA", "RSA-PSS", "DSA": keyBits < 2048
        case "EC": keyBits < 224
        default: false
        }
    }
}

extension String {
    /// Of a group's name.
    fileprivate var isFiniteField: Bool { ["dh-", "ffdhe", "modp", "dh_"].contains(where: hasPrefix) }
}
