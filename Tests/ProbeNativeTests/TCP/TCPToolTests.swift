import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct TCPToolTests {
    private func with(
        _ certificate: CertificateFiles? = nil,
        _ body: (PythonPeer, OneToolBench<TCPTool>) async throws -> Void
    ) async throws {
        let peer = try await PythonPeer.tcp(certificate)
        let bench = try OneToolBench(TCPTool())
        defer { bench.stop() }
        do { try await body(peer, bench) } catch {
            await peer.stop()
            throw error
        }
        await peer.stop()
    }

    private func report(_ result: ProbeResult) throws -> TCPReport {
        try #require(result.outcome.report as? TCPReport)
    }

    private func steps(_ texts: String...) -> ParameterValue { .array(texts.map { .string($0) }) }

    private func port(_ peer: PythonPeer, _ name: String) -> ParameterValue { .integer(Int64(peer.port(name))) }

    private func seen(_ step: TCPReport.Step?) -> String? { step?.seen.map { EscapedBytes.text($0) } }

    // MARK: Conversations

    @Test(arguments: ["127.0.0.1", "::1"])
    func speaksSMTP(_ target: String) async throws {
        try await with { peer, bench in
            let result = try await bench.run(
                target,
                [
                    "port": port(peer, "smtp"),
                    "steps": .array([
                        .object([.init("expect_regex", .string("^220 .*ESMTP"))]),
                        .object([.init("send", .string("EHLO probe\\r\\n")), .init("expect_regex", .string("^250 "))]),
                        .string("send:QUIT\r\n"), .string("expect:^221"),
                    ]),
                ])
            #expect(result.outcome.failure == nil)
            let report = try report(result)
            #expect(report.connectTime.map { $0 >= .zero } == true && report.tlsTime == nil)
            #expect(EscapedBytes.text(report.banner) == "220 mail.test ESMTP ready\\r\\n")
            #expect(report.steps.map(\.matched) == [true, true, nil, true])
            #expect(report.steps.map(\.sent) == [nil, 12, 6, nil])
            // Up to the end of the line in which the match ends, so that the next step begins with a line.
            #expect(seen(report.steps[0]) == "220 mail.test ESMTP ready\\r\\n")
            #expect(seen(report.steps[1]) == "250-mail.test\\r\\n250-STARTTLS\\r\\n250 SIZE 1000\\r\\n")
            #expect(report.steps.allSatisfy { $0.duration.map { $0 >= .zero } == true })
            #expect(await bench.openDescriptors == 0)
        }
    }

    @Test func withoutStepsTheBannerIsRead() async throws {
        try await with { peer, bench in
            let greeting = try await bench.run("127.0.0.1", ["port": port(peer, "smtp"), "banner_ms": .integer(5000)])
            #expect(EscapedBytes.text(try report(greeting).banner) == "220 mail.test ESMTP ready\\r\\n")
            let silent = try await bench.run("127.0.0.1", ["port": port(peer, "silent"), "banner_ms": .integer(10)])
            #expect(silent.outcome.failure == nil)
            #expect(try report(silent).banner.isEmpty && report(silent).connectTime != nil)
        }
    }

    @Test func aPromptNeedsNoLineEnd() async throws {
        try await with { peer, bench in
            let result = try await bench.run(
                "127.0.0.1",
                [
                    "port": port(peer, "prompt"),
                    "steps": steps(
                        "expect:login: $", "send:me\\n", "expect:Password", "send:secret\\n", "expect:welcome"),
                ])
            #expect(result.outcome.failure == nil, "\(result.outcome)")
            // What is said may be a secret: its length is told, and not its text.
            let text = "\(try report(result))"
            #expect(!text.contains("secret"))
        }
    }

    @Test func aGreetingByteByByteIsWaitedFor() async throws {
        try await with { peer, bench in
            let result = try await bench.run(
                "127.0.0.1", ["port": port(peer, "drip"), "steps": steps("expect:^220 .* ready$")])
            #expect(result.outcome.failure == nil)
            #expect(seen(try report(result).steps.first) == "220 slow.test ready\\r\\n")
        }
    }

    @Test func bytesThatAreNoTextAreShownEscaped() async throws {
        try await with { peer, bench in
            let result = try await bench.run(
                "127.0.0.1", ["port": port(peer, "telnet"), "steps": steps("expect:login:")])
            #expect(result.outcome.failure == nil)
            #expect(seen(try report(result).steps.first) == "\\xff\\xfd\\x18\\xff\\xfd \\r\\nhost login: ")
        }
    }

    // MARK: Expectations that fail

    @Test(arguments: [
        ("smtp", "expect:^554", "did not say what step 1 expects in time; it said \"220 mail.test"),
        ("silent", "expect:.", "did not say what step 1 expects in time; it said nothing"),
        ("half", "expect:^221", "closed the connection before it said what step 1 expects; it said \"220 half\""),
        ("closes", "expect:.", "closed the connection before it said what step 1 expects; it said nothing"),
        ("endless", "expect:^221", "sent 65536 bytes without what step 1 expects"),
        ("flood", "expect:y", "sent 65536 bytes without what step 1 expects"),
        ("aaa", "expect:(a+)+$", "The pattern of step 1 "),
    ])
    func anUnmetExpectationSaysWhatWasSeen(_ name: String, _ step: String, _ sentence: String) async throws {
        try await with { peer, bench in
            let result = try await bench.run(
                "127.0.0.1",
                [
                    "port": port(peer, name), "steps": steps(step, "send:never"),
                    // A limit of the pattern must come first, of its steps or (on a slow machine) of its time.
                    "timeout_ms": .integer(name == "aaa" ? 30_000 : 700),
                ])
            #expect(result.code == .expectationFailed && result.stage == .expectation)
            #expect(
                result.outcome.failure?.detail.contains(sentence) == true, "\(result.outcome.failure?.detail ?? "")")
            let report = try report(result)
            #expect(report.steps.map(\.matched) == [false])
            #expect((report.steps.first?.seen?.count ?? 0) <= TCPReport.longestSeen)
            #expect(report.received <= Conversation.limit)
        }
    }

    @Test func aResetIsAFailureOfItsOwn() async throws {
        try await with { peer, bench in
            let result = try await bench.run(
                "127.0.0.1", ["port": port(peer, "reset"), "steps": steps("expect:^250")])
            #expect(result.code == .connectionReset && result.stage == .response)
            let report = try report(result)
            #expect(seen(report.steps.first) == "220 soon\\r\\n")
            #expect(EscapedBytes.text(report.banner) == "220 soon\\r\\n")
        }
    }

    // MARK: The connection

    @Test func aRefusedConnection() async throws {
        let bench = try OneToolBench(TCPTool())
        defer { bench.stop() }
        for target in ["127.0.0.1", "::1"] {
            let result = try await bench.run(target, ["port": .integer(Int64(try FreePorts.closed()))])
            #expect(result.code == .connectionRefused && result.stage == .connect)
        }
    }

    @Test func aConnectionThatIsNeverAnswered() async throws {
        // Its queue of connections is full: the kernel drops what comes.
        let peer = try await PythonPeer.http()
        let bench = try OneToolBench(TCPTool())
        defer { bench.stop() }
        let result = try await bench.run(
            "127.0.0.1", ["port": .integer(Int64(peer.port("backlog"))), "timeout_ms": .integer(300)])
        #expect(result.code == .connectionTimeout && result.stage == .connect)
        await peer.stop()
    }

    @Test func aDeniedAddressAndAnUnknownName() async throws {
        let bench = try OneToolBench(TCPTool(), policy: DenyPurpose(purpose: .target))
        defer { bench.stop() }
        let denied = try await bench.run("127.0.0.1", ["port": .integer(80)])
        #expect(denied.code == .policyDenied && denied.stage == .policy)
        #expect(try await bench.run("nowhere.test", ["port": .integer(80)]).stage == .resolve)
    }

    // MARK: Ends

    @Test func theDeadlineAndACancellationCloseTheConnection() async throws {
        try await with { peer, bench in
            let wait: [String: ParameterValue] = ["port": port(peer, "silent"), "steps": steps("expect:never")]
            let late = try await bench.run("127.0.0.1", wait, timeout: .milliseconds(300.0))
            #expect(late.code == .deadlineExceeded)
            let (running, results) = try bench.start("127.0.0.1", wait)
            for _ in 1...2 { _ = try await peer.events.next("accepted") { $0["event"]?.string == "accepted" } }
            running.stop(.cancelled)
            #expect(try await results.next().code == .cancelled)
            for _ in 1...2 { _ = try await peer.events.next("closed") { $0["event"]?.string == "closed" } }
            #expect(await bench.openDescriptors == 0)
            let left = try await Oracle.check("ss", ["-Htan", "state", "time-wait", "dport = :\(peer.port("silent"))"])
            #expect(left.isEmpty)
        }
    }

    // MARK: Parameters

    @Test(
        arguments: [
            ([:], "port must be given"),
            (["port": .integer(70000)], "port must be a whole number from 1 to 65535"),
            (["port": .integer(25), "steps": .string("send:x")], "steps must be a list of at most 32 steps"),
            (["port": .integer(25), "steps": .array([.string("say:x")])], "steps[0] must be send:TEXT, expect:REGEX"),
            (["port": .integer(25), "steps": .array([.integer(1)])], "steps[0] must be an object"),
            (["port": .integer(25), "steps": .array([.object([])])], "steps[0] must have one of"),
            (
                ["port": .integer(25), "steps": .array([.object([.init("wait", .integer(1))])])],
                "steps[0] has no member \"wait\""
            ),
            (
                ["port": .integer(25), "steps": .array([.string("starttls"), .string("send:\\q")])],
                "steps[1].send must be"
            ),
            (
                ["port": .integer(25), "steps": .array([.string("expect:(")])],
                "steps[0].expect_regex is no valid pattern at offset 1"
            ),
            (
                ["port": .integer(25), "tls": .bool(true), "steps": .array([.string("starttls")])],
                "steps: a connection can begin TLS only once"
            ),
            (
                ["port": .integer(25), "steps": .array(Array(repeating: .string("send:x"), count: 33))],
                "steps must be a list"
            ),
            (["port": .integer(25), "sni": .string("127.0.0.1")], "sni must be a host name"),
        ] as [([String: ParameterValue], String)])
    func refuses(_ parameters: [String: ParameterValue], _ sentence: String) {
        let refusal = #expect(throws: InvalidInput.self) {
            try TCPTool().prepare(target: "127.0.0.1", parameters: parameters.map { .init($0.key, $0.value) })
        }
        #expect(refusal?.detail.hasPrefix(sentence) == true, "\(refusal?.detail ?? "")")
    }
}
