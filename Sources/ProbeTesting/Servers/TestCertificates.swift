import Foundation
import Glibc

/// PEM files of one server identity.
public struct CertificateFiles: Sendable, Hashable {
    /// What the server sends: its certificate, followed by the intermediates.
    public let chain: String
    public let key: String
}

/// A private CA and server certificates that are right, or wrong in exactly one way, made by the
/// `openssl` command (Tests/Peers/certificates.sh) once per test run.
///
/// The names in all but `wrongHost`: localhost, good.test, www.probe.test, *.wild.test, 127.0.0.1, ::1.
public struct TestCertificates: Sendable {
    /// The root to trust, a PEM file.
    public let authority: String
    /// A root that signed only `otherAuthority`.
    public let otherAuthorityRoot: String
    /// EC, behind an intermediate that the server sends.
    public let good: CertificateFiles
    /// The same with an RSA key of 2,048 bits.
    public let rsa: CertificateFiles
    /// `good` without its intermediate.
    public let missingIntermediate: CertificateFiles
    /// For elsewhere.example only.
    public let wrongHost: CertificateFiles
    public let expired: CertificateFiles
    public let notYetValid: CertificateFiles
    public let selfSigned: CertificateFiles
    /// Signed by a root that nobody trusts.
    public let otherAuthority: CertificateFiles
    /// RSA of 1,024 bits, signed with SHA-1, without names, with the must-staple extension.
    public let old: CertificateFiles
    /// As `good`, and as `wrongHost`; their authority has withdrawn both.
    public let revoked: CertificateFiles
    public let revokedElsewhere: CertificateFiles
    /// Of a client, "Probe Test Node", signed by `authority`; and one that only `otherAuthorityRoot` vouches for.
    public let client: CertificateFiles
    public let otherClient: CertificateFiles
    /// OCSP responses in DER, signed by the intermediate.
    public let goodResponse: String
    public let revokedResponse: String
    public let revokedElsewhereResponse: String
    /// About `revoked`, signed by a responder that the intermediate appointed, and by one whom nobody did.
    public let delegatedResponse: String
    public let strangersResponse: String

    /// For a server with the system's security level.
    public var all: [CertificateFiles] {
        [good, rsa, missingIntermediate, wrongHost, expired, notYetValid, selfSigned, otherAuthority]
    }

    public static func shared() async throws -> TestCertificates { try await made.value }

    private static let made = Task {
        // World-readable, because some tests run the node as another user.
        let folder = try TemporaryFolder("probe-certificates", mode: 0o755)
        try await Oracle.check(Places.testFile("Peers/certificates.sh"), [folder.path])
        try await Oracle.check("sh", ["-c", "chmod 644 '\(folder.path)'/*"])
        RunFolders.keep(folder)
        return TestCertificates(folder: folder.path)
    }

    private init(folder: String) {
        func files(_ name: String) -> CertificateFiles {
            CertificateFiles(chain: "\(folder)/\(name).pem", key: "\(folder)/\(name).key")
        }
        authority = "\(folder)/ca.pem"
        otherAuthorityRoot = "\(folder)/other-ca.pem"
        good = files("good")
        rsa = files("rsa")
        missingIntermediate = files("missing-intermediate")
        wrongHost = files("wrong-host")
        expired = files("expired")
        notYetValid = files("not-yet-valid")
        selfSigned = files("self-signed")
        otherAuthority = files("other-authority")
        old = files("old")
        revoked = files("revoked")
        revokedElsewhere = files("revoked-elsewhere")
        client = files("client")
        otherClient = files("other-client")
        goodResponse = "\(folder)/good.ocsp"
        revokedResponse = "\(folder)/revoked.ocsp"
        revokedElsewhereResponse = "\(folder)/revoked-elsewhere.ocsp"
        delegatedResponse = "\(folder)/revoked-delegated.ocsp"
        strangersResponse = "\(folder)/revoked-stranger.ocsp"
    }
}
