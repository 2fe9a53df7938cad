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
        ("wrong-id", true), ("wrong-question", true), ("query-bit", true), ("short", true), ("garbage", true),
        ("wrong-port", false), ("silent", false),
    ])
    func waitsForTheRightAnswer(_ behaviour: String, _ isCounted: Bool) async throws {
        let time = ManualTime()
        let peer = try await PythonPeer.dns()
        let bench = try DNSBench(time: time)
        defer { bench.stop() }
        let probe = try DNSTool().prepare(
            target: behaviour + ".test", parameters: [.init("resolver", .string("127.0.0.1:\(peer.port())"))])
        let results = EventLog<ProbeResult>()
        bench.engine.start(probe, deadline: time.now + .seconds(10)) { results.append($0) }
        // Two queries; each has half of 95 % of the ten seconds.
        for _ in 0..<2 {
            _ = try await peer.events.next("query")
            time.advance(by: .milliseconds(4800))
        }
        let result = try await results.next("result")
        let report = try #require(result.outcome.report as? DNSReport)
        #expect(result.outcome.failure?.code == .resolveTimeout)
        #expect(report.attempts == 2)
        // The second wrong answer may come after the clock was moved.
        #expect(isCounted ? (1...2).contains(report.ignoredAnswers) : report.ignoredAnswers == 0)
        #expect(report.answer == nil)
        await peer.stop()
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
            let flaky = try await patiently(until: { $0.failure == nil }) { scale in
                try await bench.ask("flaky-2.test", port: peer, timeout: .seconds(1) * scale)
            }
            #expect(flaky.failure == nil)
            #expect(flaky.report.attempts == 2)
            // The first query was waited for in vain, and that time is not the second one's.
            #expect(flaky.result.run - (flaky.report.queryTime ?? .zero) >= .milliseconds(400))
            // Both queries are answered 500 ms after their sending; the second one goes out in between.
            let late = try await patiently(until: { $0.failure == nil }) { scale in
                try await bench.ask("late-\(500 * scale).test", port: peer, timeout: .milliseconds(900) * scale)
            }
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
            let ends: [(String, Duration, [ErrorCode])] = [
                ("tcp-short", .seconds(60), [.truncated]), ("tcp-close", .seconds(60), [.connectionReset]),
                // A busy machine may notice only when the deadline has come.
                ("silent", .seconds(2), [.resolveTimeout, .deadlineExceeded]),
            ]
            for (behaviour, timeout, codes) in ends {
                let asked = try await bench.ask(
                    behaviour + ".test", port: peer, timeout: timeout,
                    [.init("transport", .string("tcp")), .init("retries", .integer(0))])
                #expect(asked.code.map(codes.contains) == true, "\(behaviour): \(String(describing: asked.code))")
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
            #expect(await bench.closesAll)
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
            let result = try await results.next("result", within: .seconds(30))
            #expect(result.outcome.failure?.code == .cancelled)
            #expect(await bench.closesAll)
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
