import ProbeNative
import ProbeTesting
import Testing

/// Against a name server that misbehaves (Tests/Peers/dns_peer.py): the first label says how.
@Suite struct HostileServerTests {
    @Test(arguments: [
        ("loop", ErrorCode.protocolError), ("forward", .protocolError), ("label", .protocolError),
        ("counts", .truncated),
        ("rdlength", .truncated), ("notimp", .resolveFailure), ("servfail", .resolveFailure),
        ("refused", .resolveRefused),
        ("nxdomain", .resolveNXDomain), ("no-edns", .resolveFailure),
    ])
    func failsAtOnceAndCleanly(_ behaviour: String, _ code: ErrorCode) async throws {
        try await withPeer { peer, bench in
            for transport in ["udp", "tcp"] {
                let asked = try await bench.ask(
                    behaviour + ".test", port: peer, [.init("transport", .string(transport))])
                #expect(asked.code == code, "\(transport): \(String(describing: asked.failure))")
                #expect(asked.failure?.stage == .response)
                #expect(asked.report.attempts == 1)
            }
        }
    }

    /// What does not answer the query is passed over, and counted.
    @Test(arguments: [
        ("wrong-id", 2), ("wrong-question", 2), ("query-bit", 2), ("short", 2), ("garbage", 2), ("empty", 0),
        ("wrong-port", 0), ("silent", 0),
    ])
    func waitsForTheRightAnswer(_ behaviour: String, _ ignored: Int) async throws {
        try await withPeer { peer, bench in
            let asked = try await bench.ask(behaviour + ".test", port: peer, timeout: .milliseconds(200))
            #expect(asked.code == .resolveTimeout)
            #expect(asked.report.attempts == 2)
            #expect(asked.report.ignoredAnswers == ignored)
            #expect(asked.report.answer == nil)
            #expect(asked.result.run < .milliseconds(900))
        }
    }

    @Test func takesTheRightAnswerAmongWrongOnes() async throws {
        try await withPeer { peer, bench in
            let asked = try await bench.ask("wrong-then-right.test", port: peer)
            #expect(asked.values() == ["127.0.0.1"])
            #expect(asked.report.ignoredAnswers == 3)
            #expect(asked.report.attempts == 1)
            #expect(try await bench.ask("duplicate.test", port: peer).values() == ["127.0.0.1"])
            #expect(try await bench.ask("no-edns.test", port: peer, [.init("edns_size", .integer(0))]).failure == nil)
        }
    }

    @Test func asksAgainAndCreditsALateAnswerToItsQuery() async throws {
        try await withPeer { peer, bench in
            let flaky = try await bench.ask("flaky-2.test", port: peer, timeout: .seconds(1))
            #expect(flaky.failure == nil)
            #expect(flaky.report.attempts == 2)
            #expect((flaky.report.queryTime ?? .zero) < .milliseconds(400))
            // Both queries are answered 500 ms after their sending; the second one goes out in between.
            let late = try await bench.ask("late-500.test", port: peer, timeout: .milliseconds(900))
            #expect(late.failure == nil)
            #expect(late.report.attempts == 2)
            #expect((late.report.queryTime ?? .zero) >= .milliseconds(500))
        }
    }

    @Test(arguments: [
        ("truncated", nil), ("slow-tcp", nil), ("truncated-no-tcp", ErrorCode.truncated), ("tcp-short", .truncated),
        ("tcp-close", .truncated),
    ])
    func goesOnOverTCP(_ behaviour: String, _ code: ErrorCode?) async throws {
        try await withPeer { peer, bench in
            let asked = try await bench.ask(behaviour + ".test", port: peer)
            #expect(asked.code == code)
            #expect(asked.report.truncatedRetry)
            #expect(asked.report.transport == .tcp)
            if code == nil {
                #expect(asked.values() == ["127.0.0.1"])
            } else {
                // What UDP brought is kept.
                #expect(asked.report.answer?.flags.truncated == true)
            }
        }
    }

    @Test func tcpAloneSaysHowItEnded() async throws {
        try await withPeer { peer, bench in
            for (behaviour, code) in [
                ("tcp-short", ErrorCode.truncated), ("tcp-close", .connectionReset), ("silent", .resolveTimeout),
            ] {
                let asked = try await bench.ask(
                    behaviour + ".test", port: peer, timeout: .milliseconds(300),
                    [.init("transport", .string("tcp")), .init("retries", .integer(0))])
                #expect(asked.code == code, "\(behaviour)")
            }
        }
    }

    @Test func nobodyListens() async throws {
        let bench = try DNSBench()
        defer { bench.stop() }
        let closed = try FreePorts.closed()
        for transport in ["udp", "tcp"] {
            let asked = try await bench.ask("a.test", port: closed, [.init("transport", .string(transport))])
            #expect(asked.code == .connectionRefused)
            #expect(asked.failure?.stage == .connect)
        }
    }

    @Test func theDeadlineCutsAtItsStage() async throws {
        try await withPeer { peer, _ in
            // The name of the resolver is looked up at a server that is silent.
            let bench = try DNSBench(ResolverSettings(servers: [loopback(peer)]))
            defer { bench.stop() }
            let asked = try await bench.ask(
                "a.test", timeout: .milliseconds(200), [.init("resolver", .string("silent.test"))])
            #expect(asked.code == .deadlineExceeded)
            #expect(asked.failure?.stage == .resolve)
            #expect(asked.result.run < .milliseconds(700))
            #expect(await bench.openDescriptors == 0)
        }
    }

    @Test func cancellingClosesTheSocketAtOnce() async throws {
        let peer = try await PythonPeer.dns()
        let bench = try DNSBench()
        defer { bench.stop() }
        for transport in ["udp", "tcp"] {
            let probe = try DNSTool().prepare(
                target: "silent.test",
                parameters: [
                    .init("resolver", .string("127.0.0.1:\(peer.port())")), .init("transport", .string(transport)),
                ])
            let results = EventLog<ProbeResult>()
            let running = bench.engine.start(probe, deadline: bench.engine.time.now + .seconds(60)) {
                results.append($0)
            }
            _ = try await peer.events.next("query")
            running.stop(.cancelled)
            let result = try await results.next("result", within: .seconds(5))
            #expect(result.outcome.failure?.code == .cancelled)
            #expect(await bench.openDescriptors == 0)
        }
        await peer.stop()
    }

    private func withPeer(_ body: (Int, DNSBench) async throws -> Void) async throws {
        let peer = try await PythonPeer.dns()
        let bench = try DNSBench()
        defer { bench.stop() }
        try await body(peer.port(), bench)
        await peer.stop()
    }
}
