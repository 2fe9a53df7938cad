import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// How backend and node know each other: pins, client certificates, renewed files.
@Suite(.timeLimit(.minutes(2))) struct SessionAccessTests {
    /// By the openssl command, not by the node's own code.
    private static func pin(_ certificate: String) async throws -> String {
        let command =
            "openssl x509 -in '\(certificate)' -pubkey -noout | openssl pkey -pubin -outform DER "
            + "| openssl dgst -sha256 -binary | openssl enc -base64"
        let digest = try await Oracle.check("sh", ["-c", command]).trimmingCharacters(in: .whitespacesAndNewlines)
        return "sha256/" + digest
    }

    private static let reserve = "sha256/" + Data(repeating: 7, count: 32).base64EncodedString()
    private static let other = "sha256/" + Data(repeating: 8, count: 32).base64EncodedString()

    private func pinned(_ pins: [String]) throws -> BackendAccess {
        var access = BackendAccess()
        let pair: KeyPins = try #require(KeyPins(pins.joined(separator: ",")))
        access.pins = pair
        return access
    }

    private func client(_ files: CertificateFiles) -> BackendAccess {
        var access = BackendAccess()
        (access.clientCertificateFile, access.clientKeyFile) = (files.chain, files.key)
        return access
    }

    // MARK: Pins

    /// The server's own key, or that of the root above it.
    @Test func aPinnedKeyOfTheChainIsEnough() async throws {
        let certificates = try await TestCertificates.shared()
        for file in [certificates.good.chain, certificates.authority] {
            let access = try pinned([Self.reserve, try await Self.pin(file)])
            try await FakeController.with(certificate: certificates.good) { controller in
                try await SessionBench(controller, caFile: certificates.authority, access: access).use {
                    try await $0.connected()
                }
            }
        }
    }

    @Test func withoutAPinnedKeyNothingIsSentAndTheKeysAreNamed() async throws {
        let certificates = try await TestCertificates.shared()
        let access = try pinned([Self.reserve, Self.other])
        try await FakeController.with(certificate: certificates.good) { controller in
            try await SessionBench(controller, caFile: certificates.authority, access: access).use { bench in
                let failure = try await bench.failure()
                #expect(failure.code == "tls_pin_mismatch" && failure.delay == 1000)
                for file in [certificates.good.chain, certificates.authority] {
                    #expect(failure.reason.contains(try await Self.pin(file)), "\(failure.reason)")
                }
                #expect(!controller.events.pending.contains { ["connected", "authentication"].contains($0.name) })
            }
        }
    }

    /// A server cannot lend itself a pinned key by sending a certificate that does not belong to its chain.
    @Test func aStrangersCertificateInTheMessageDoesNotCount() async throws {
        let certificates = try await TestCertificates.shared()
        let folder = try TemporaryFolder()
        let chain = try [certificates.rsa.chain, certificates.good.chain].map {
            try String(contentsOfFile: $0, encoding: .utf8)
        }.joined()
        let (file, key) = (try folder.write(chain, to: "chain.pem"), certificates.rsa.key)
        let server = try await OpenSSLServer(nil, ["-cert", certificates.rsa.chain, "-key", key, "-cert_chain", file])
        let access = try pinned([Self.reserve, try await Self.pin(certificates.good.chain)])
        let controller = try await FakeController.start()
        try await SessionBench(
            controller, backend: "https://127.0.0.1:\(server.port)", caFile: certificates.authority, access: access
        ).use { bench in
            let failure = try await bench.failure()
            #expect(failure.code == "tls_pin_mismatch")
        }
        await controller.stop()
        await server.stop()
    }

    /// Pins come on top: they do not make a certificate good that is not.
    @Test func aPinDoesNotReplaceTrust() async throws {
        let certificates = try await TestCertificates.shared()
        let cases = [
            (certificates.selfSigned, "tls_self_signed"), (certificates.wrongHost, "tls_hostname_mismatch"),
        ]
        for (identity, code) in cases {
            let access = try pinned([Self.reserve, try await Self.pin(identity.chain)])
            try await FakeController.with(certificate: identity) { controller in
                try await SessionBench(controller, caFile: certificates.authority, access: access).use { bench in
                    let failure = try await bench.failure()
                    #expect(failure.code == code)
                }
            }
        }
    }

    @Test(arguments: [
        "", reserve, reserve + "," + reserve, "sha256/short=," + reserve, "sha1/AAAA," + reserve,
        reserve + "," + other + ",", reserve + " " + other,
    ])
    func whatIsNoPairOfPinsIsRefused(text: String) { #expect(KeyPins(text) == nil) }

    // MARK: Client certificates

    @Test(arguments: ["1.2", "1.3"])
    func theNodeShowsItsCertificate(tls: String) async throws {
        let certificates = try await TestCertificates.shared()
        try await FakeController.with(
            certificate: certificates.good, clientAuthority: certificates.authority, tls: tls
        ) { controller in
            let access = client(certificates.client)
            try await SessionBench(controller, caFile: certificates.authority, access: access).use { bench in
                #expect(try await controller.next("connected")["client"]?.string == "Probe Test Node")
                try await bench.connected()
            }
        }
    }

    /// OpenSSL tells its reason in an alert, before the end of the handshake or after it.
    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func aServersRefusalIsNamed(version: String) async throws {
        let certificates = try await TestCertificates.shared()
        let server = try await OpenSSLServer(
            certificates.good,
            [version, "-Verify", "1", "-verify_return_error", "-CAfile", certificates.authority], serving: "-www")
        let controller = try await FakeController.start()
        func failure(_ access: BackendAccess) async throws -> (reason: String, code: String?, delay: Int) {
            let bench = try SessionBench(
                controller, backend: "https://127.0.0.1:\(server.port)", caFile: certificates.authority, access: access)
            let failure = try await bench.failure()
            await bench.end()
            return failure
        }
        let refused = try await failure(client(certificates.otherClient))
        #expect(refused.code == "tls_client_certificate_refused", "\(refused)")
        #expect(refused.reason.contains(certificates.otherClient.chain), "\(refused)")
        // With TLS 1.2 the alert does not say what is missing.
        if version == "-tls1_3" {
            let missing = try await failure(BackendAccess())
            #expect(missing.code == "tls_client_certificate_refused", "\(missing)")
            #expect(missing.reason.contains("--client-cert"), "\(missing)")
        }
        await controller.stop()
        await server.stop()
    }

    /// It refuses by HTTP, not by TLS.
    @Test func nginxTakesTheCertificateOrSaysWhyNot() async throws {
        let certificates = try await TestCertificates.shared()
        try await FakeController.with { controller in
            let ingress = try await NginxIngress(
                to: controller.port, certificate: certificates.good, clientAuthority: certificates.authority)
            let cases: [(BackendAccess, String?)] = [
                (client(certificates.client), nil), (client(certificates.otherClient), "SSL certificate error"),
                (BackendAccess(), "No required SSL certificate was sent"),
            ]
            for (access, refusal) in cases {
                let bench = try SessionBench(
                    controller, backend: ingress.url, caFile: certificates.authority, access: access)
                try await bench.use { bench in
                    guard let refusal else { return try await bench.connected() }
                    let failure = try await bench.failure()
                    #expect(failure.reason.contains("400") && failure.reason.contains(refusal), "\(failure)")
                }
            }
            await ingress.stop()
        }
    }

    /// A certificate that is not taken is replaced in its place; the next attempt shows the new one.
    @Test func renewedFilesAreReadForTheNextConnection() async throws {
        let certificates = try await TestCertificates.shared()
        let folder = try TemporaryFolder()
        let files = (folder.file("node.pem"), folder.file("node.key"))
        func install(_ from: CertificateFiles) throws {
            for (source, target) in [(from.chain, files.0), (from.key, files.1)] {
                try folder.write(try String(contentsOfFile: source, encoding: .utf8), to: "new")
                #expect(rename(folder.file("new"), target) == 0)
            }
        }
        try install(certificates.otherClient)
        var access = BackendAccess()
        (access.clientCertificateFile, access.clientKeyFile) = files
        try await FakeController.with(certificate: certificates.good, clientAuthority: certificates.authority) {
            controller in
            try await SessionBench(controller, caFile: certificates.authority, access: access).use { bench in
                // Python closes without an alert; what the node has sent by then makes it a reset.
                let refused = try await bench.failure().reason
                #expect(["closed", "reset"].contains { refused.contains($0) }, "\(refused)")
                // Half renewed.
                try folder.write("no key", to: "node.key")
                bench.pass(milliseconds: 1000)
                #expect(try await bench.failure().reason.contains("node.key"))
                try install(certificates.client)
                bench.pass(milliseconds: 1500)
                try await bench.connected()
            }
        }
    }

    @Test func filesThatCannotBeUsedEndTheStart() async throws {
        let certificates = try await TestCertificates.shared()
        let folder = try TemporaryFolder()
        let empty = try folder.write("", to: "empty")
        let (good, other) = (certificates.client, certificates.otherClient)
        for (file, key, word) in [
            (empty, good.key, empty), (good.chain, empty, empty), (folder.file("absent"), good.key, "absent"),
            (good.chain, other.key, "is not the key"),
        ] {
            let refusal = #expect(throws: InvalidInput.self) {
                _ = try BackendTrust(client: ClientCertificate(file: file, keyFile: key))
            }
            #expect(refusal?.detail.contains(word) == true, "\(refusal?.detail ?? "")")
        }
    }

    // MARK: Versions

    @Test func nothingBelowTLS12IsSpoken() async throws {
        let certificates = try await TestCertificates.shared()
        let server = try await OpenSSLServer(
            certificates.good, ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"])
        let controller = try await FakeController.start()
        try await SessionBench(
            controller, backend: "https://127.0.0.1:\(server.port)", caFile: certificates.authority
        ).use {
            let failure = try await $0.failure()
            #expect(failure.code == "tls_handshake_failed", "\(failure)")
            #expect(failure.reason.contains("protocol version"), "\(failure)")
        }
        await controller.stop()
        await server.stop()
    }

    // MARK: The key

    @Test func aRenewedKeyFileIsReadForTheNextConnection() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("first-key\n", to: "key")
        try await FakeController.with { controller in
            func sentKey() async throws -> String? {
                try await controller.next("authentication").message?["api_key"]?.string
            }
            try await SessionBench(controller, keyFile: file).use { bench in
                #expect(try await sentKey() == "first-key")
                try folder.write("second-key\n", to: "key")
                try await controller.abort()
                bench.pass(milliseconds: try await bench.failure().delay)
                #expect(try await sentKey() == "second-key")
                // While it cannot be read the last one stands.
                try FileManager.default.removeItem(atPath: file)
                try await controller.abort()
                bench.pass(milliseconds: try await bench.failure().delay)
                #expect(try await sentKey() == "second-key")
                _ = try await bench.log.next("warning") { $0.message == "session.key_not_read" && $0.level == .warning }
            }
        }
    }
}
