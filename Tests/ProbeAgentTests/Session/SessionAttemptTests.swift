import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// Attempts that lead to no session, each with its reason.
@Suite(.timeLimit(.minutes(1))) struct SessionAttemptTests {
    @Test func anotherHTTPAnswerIsShownAndRetryAfterHeeded() async throws {
        let policy: JSONValue = [
            "handshake": "reject", "status": 503, "headers": ["Retry-After": "7"], "body": "down for maintenance",
        ]
        try await SessionBench.with(policy: policy) { bench in
            let first = try await bench.failure()
            #expect(first.delay == 7000)
            #expect(first.reason.contains("503") && first.reason.contains("down for maintenance"))
            let date = WallTime(nanoseconds: bench.time.wallTime.nanoseconds + 97_000_000_000)
            try await bench.controller.policy(["status": 429, "headers": ["Retry-After": .string(date.httpDate)]])
            bench.pass(milliseconds: 7000)
            // The date has whole seconds.
            let second = try await bench.failure()
            #expect((89_000...90_000).contains(second.delay))
            let long = String(repeating: "y", count: 5000)
            try await bench.controller.policy(["status": 404, "body": .string(long)])
            // The delay is shown in whole milliseconds.
            bench.pass(milliseconds: second.delay + 1)
            let last = try await bench.failure()
            #expect(last.delay == 2250)
            #expect(last.reason.contains("404") && last.reason.utf8.count < 400)
        }
    }

    @Test func redirectsAreNotFollowed() async throws {
        let policy: JSONValue = [
            "handshake": "reject", "status": 301, "headers": ["Location": "http://127.0.0.1:1/ws/node"], "body": "",
        ]
        try await SessionBench.with(policy: policy) { bench in
            let failure = try await bench.failure()
            #expect(failure.reason.contains("301") && failure.delay == 1000)
        }
    }

    @Test(arguments: [("garbage", "HTTP"), ("close", "closed the connection")])
    func peersThatAreNoWebServersAreNamed(handshake: String, words: String) async throws {
        try await SessionBench.with(policy: ["handshake": .string(handshake)]) { bench in
            let failure = try await bench.failure()
            #expect(failure.reason.contains(words), "\(failure.reason)")
            #expect(failure.delay == 1000)
        }
    }

    @Test func aPeerThatNeverAnswersTheUpgradeIsGivenUpAfterTenSeconds() async throws {
        try await SessionBench.with(policy: ["handshake": "hang"]) { bench in
            _ = try await bench.controller.next("rejected")
            await bench.time.sleepers(1)
            bench.pass(milliseconds: 10_000)
            #expect(try await bench.failure().reason.contains("10 s"))
            _ = try await bench.controller.next("closed")
        }
    }

    @Test func aPeerThatNeverAnswersTheAuthenticationIsGivenUpAfterTenSeconds() async throws {
        try await SessionBench.with(policy: ["auth": "silent"]) { bench in
            _ = try await bench.controller.next("authentication")
            await bench.time.sleepers(1)
            bench.pass(milliseconds: 10_000)
            let failure = try await bench.failure()
            #expect(failure.reason.contains("authentication") && failure.delay == 1000)
        }
    }

    @Test func refusalsAreRetriedMoreAndMoreRarely() async throws {
        let busy: JSONValue = ["auth": "refuse", "auth_reply": ["message": "Node already connected", "details": nil]]
        try await SessionBench.with(policy: ["auth": "refuse"]) { bench in
            let first = try await bench.failure()
            #expect(first.delay == 1000)
            #expect(first.reason.contains("Authentication failed") && first.reason.contains("API key"))
            try await bench.controller.policy(busy)
            bench.pass(milliseconds: 1000)
            let second = try await bench.failure()
            #expect(second.delay == 1500 && second.reason.contains("Node already connected"))
            try await bench.controller.policy(["auth": "accept", "auth_reply": [:]])
            bench.pass(milliseconds: 1500)
            try await bench.connected()
        }
    }

    /// The server's wishes, in its answer to the authentication.
    @Test func theServersDelaysAreTaken() async throws {
        let reply: JSONValue = ["reconnect": ["min_delay": 200, "max_delay": 400, "initial_delay": 300]]
        try await SessionBench.with(policy: ["auth_reply": reply]) { bench in
            for expected in [300, 400, 400] {
                try await bench.connected()
                try await bench.controller.abort()
                #expect(try await bench.failure().delay == expected)
                bench.pass(milliseconds: expected)
            }
        }
    }

    @Test func aBackendThatIsAwayIsLoggedOnceAndFoundAgain() async throws {
        let controller = try await FakeController.start()
        let bench = try SessionBench(controller)
        try await bench.connected()
        await controller.stop()
        var delay = try await bench.failure().delay
        for _ in 0..<3 {
            bench.pass(milliseconds: delay)
            let failure = try await bench.failure()
            #expect(failure.reason.contains("refused"), "\(failure.reason)")
            delay = failure.delay
        }
        let again = try await FakeController.start(port: controller.port)
        bench.pass(milliseconds: delay)
        try await bench.connected()
        await bench.end()
        await again.stop()
    }

    @Test func aPrivateAuthorityIsTrustedWhenGiven() async throws {
        let certificates = try await TestCertificates.shared()
        for identity in [certificates.good, certificates.rsa] {
            try await SessionBench.with(certificate: identity, caFile: certificates.authority) { bench in
                try await bench.connected()
                try await bench.controller.sendJob("over-tls", tool: "ping", target: "x")
                #expect(try await bench.sink.job().requestID == "over-tls")
                bench.put("r", size: 300_000)
                await bench.outbox.emptied()
            }
        }
    }

    @Test func wrongCertificatesAreRefusedEachWithItsReason() async throws {
        let certificates = try await TestCertificates.shared()
        let cases: [(CertificateFiles, String?, String, String)] = [
            (certificates.good, nil, "authority", "tls_unknown_authority"),
            (certificates.otherAuthority, certificates.authority, "authority", "tls_unknown_authority"),
            (certificates.missingIntermediate, certificates.authority, "intermediate", "tls_incomplete_chain"),
            (certificates.selfSigned, certificates.authority, "signed by itself", "tls_self_signed"),
            (certificates.wrongHost, certificates.authority, "not for 127.0.0.1", "tls_hostname_mismatch"),
            (certificates.expired, certificates.authority, "expired", "tls_certificate_expired"),
            (certificates.notYetValid, certificates.authority, "not valid yet", "tls_certificate_not_yet_valid"),
        ]
        for (identity, authority, words, code) in cases {
            try await SessionBench.with(certificate: identity, caFile: authority) { bench in
                let failure = try await bench.failure()
                #expect(failure.reason.contains(words), "\(failure.reason)")
                #expect(failure.delay == 1000 && failure.code == code)
                // Nothing of the node's reached it, the key least of all.
                #expect(!bench.controller.events.pending.contains { $0.name == "authentication" })
            }
        }
    }

    @Test func plainHTTPWhereTLSIsExpectedIsNamed() async throws {
        try await FakeController.with { controller in
            let bench = try SessionBench(controller, backend: "https://127.0.0.1:\(controller.port)")
            #expect(try await bench.failure().reason.contains("TLS"))
            await bench.end()
        }
    }

    @Test func aCAFileThatIsNoneIsRefused() async throws {
        let folder = try TemporaryFolder()
        try folder.write("not a certificate", to: "empty.pem")
        for path in [folder.file("empty.pem"), folder.file("missing.pem")] {
            let refusal = #expect(throws: InvalidInput.self) { _ = try BackendTrust(caFile: path) }
            #expect(refusal?.detail.contains(path) == true)
        }
    }
}

extension WallTime {
    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    fileprivate var httpDate: String {
        let text = iso8601
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let month = months[(Int(text.dropFirst(5).prefix(2)) ?? 1) - 1]
        return "Sun, \(text.dropFirst(8).prefix(2)) \(month) \(text.prefix(4)) \(text.dropFirst(11).prefix(8)) GMT"
    }
}
