import ProbeTesting
import Testing

@testable import ProbeNative

/// Against time servers whose clocks are off by as much as they say (Tests/Peers/ntp_peer.py).
@Suite struct NTPToolTests {
    private static let sharedPeer = Task { try await PythonPeer.ntp() }

    private struct Asked {
        var result: ProbeResult
        var report: NTPReport
    }

    private func ask(
        _ server: String, _ target: String = "127.0.0.1", _ more: [String: ParameterValue] = [:]
    ) async throws -> Asked {
        let peer = try await Self.sharedPeer.value
        let bench = try OneToolBench(NTPTool())
        defer { bench.stop() }
        let parameters = ["port": ParameterValue.integer(Int64(peer.port(server))), "timeout_ms": .integer(20000)]
        let result = try await bench.run(target, parameters.merging(more) { $1 })
        return Asked(result: result, report: try #require(result.outcome.report as? NTPReport))
    }

    /// Whatever the machine was busy with: the server's clock was read between our two readings, so the error is at most
    /// half of what the delay is (RFC 5905 section 8).
    @Test(arguments: ["127.0.0.1", "::1", "localhost"])
    func offsetIsRightToHalfTheDelay(_ target: String) async throws {
        for (server, offset) in [("good", 1500.0), ("behind", -37000), ("slow", 1500)] {
            let asked = try await ask(server, target)
            #expect(asked.result.outcome.failure == nil)
            let best = try #require(asked.report.best)
            let delay = try #require(best.delay?.inMilliseconds)
            let seen = try #require(best.offset?.inMilliseconds)
            #expect(delay >= 0)
            #expect(abs(seen - offset) <= delay / 2 + 0.01, "\(server): \(seen), delay \(delay)")
            #expect(asked.report.samples.count == 1 && asked.report.server?.stratum == 2)
        }
    }

    @Test func theServersOwnTimeIsNoDelay() async throws {
        let asked = try await ask("slow")
        // It held the query for 60 ms.
        let run = asked.result.run.inMilliseconds
        let delay = try #require(asked.report.best?.delay?.inMilliseconds)
        #expect(run >= 60 && delay <= run - 60)
    }

    @Test func whatTheServerSaysOfItself() async throws {
        let good = try #require(try await ask("good").report.server)
        #expect(good.reference == "192.0.2.9" && good.leap == "none" && good.version == 4 && good.precision == -20)
        #expect(abs(good.rootDelay.inMilliseconds - 10) < 0.1)
        #expect(abs(good.rootDispersion.inMilliseconds - 25) < 0.1)
        let now = SystemTime().wallTime.nanoseconds
        let reference = try #require(good.referenceTime?.nanoseconds)
        #expect(abs(now - reference - 98_500_000_000) < 20_000_000_000)
        let clock = try #require(try await ask("clock").report.server)
        #expect(clock.reference == "GPS" && clock.stratum == 1)
        #expect(try await ask("old").report.server?.version == 3)
    }

    @Test func theQueryTellsNothingOfThisNode() async throws {
        let peer = try await PythonPeer.ntp()
        let bench = try OneToolBench(NTPTool())
        defer { bench.stop() }
        let parameters = ["port": ParameterValue.integer(Int64(peer.port("good")))]
        var seen: Set<String> = []
        for _ in 0..<3 {
            _ = try await bench.run("127.0.0.1", parameters)
            let query = try await peer.events.next("query") { $0["event"]?.string == "query" }
            let text = try #require(query["hex"]?.string)
            // Version 4, client; all else but the transmit timestamp is zero.
            #expect(text.hasPrefix("23" + String(repeating: "0", count: 78)) && text.count == 96)
            seen.insert(String(text.suffix(16)))
        }
        #expect(seen.count == 3)
        await peer.stop()
    }

    @Test(arguments: [("deny", "DENY"), ("rate", "RATE")])
    func aKissEndsIt(_ server: String, _ code: String) async throws {
        let asked = try await ask(server, "127.0.0.1", ["count": .integer(5)])
        #expect(asked.result.code == .expectationFailed && asked.result.stage == .response)
        #expect(asked.report.server?.kiss == code)
        #expect(asked.report.samples.map(\.status) == [.kiss])
        #expect(asked.report.best == nil)
    }

    @Test func aServerWithoutTimeIsNoSource() async throws {
        let asked = try await ask("unsynchronized")
        #expect(asked.result.code == .expectationFailed)
        #expect(asked.report.server?.leap == "unsynchronized")
    }

    @Test func theShortestWayCountsAndGapsAreKept() async throws {
        let asked = try await ask("good", "127.0.0.1", ["count": .integer(4), "interval_ms": .integer(100)])
        #expect(asked.report.samples.map(\.status) == [.reply, .reply, .reply, .reply])
        let delays = asked.report.samples.compactMap(\.delay)
        #expect(asked.report.best?.delay == delays.min())
    }

    @Test func theRightAnswerAmongWrongOnes() async throws {
        let asked = try await ask("wrong-then-right")
        #expect(asked.result.outcome.failure == nil && asked.report.ignoredAnswers == 3)
        let flood = try await ask("flood")
        #expect(flood.result.outcome.failure == nil && flood.report.ignoredAnswers == 100)
    }

    /// Silence, and answers to other questions, until the patience of each query is over.
    @Test(arguments: [
        ("silent", ErrorCode.noReply), ("wrong-origin", .protocolError), ("wrong-mode", .protocolError),
        ("short", .protocolError), ("zero", .protocolError), ("garbage", .protocolError),
    ])
    func nothingUsable(_ server: String, _ code: ErrorCode) async throws {
        let (peer, time) = (try await PythonPeer.ntp(), ManualTime())
        let bench = try OneToolBench(NTPTool(), time: time)
        defer { bench.stop() }
        let (_, results) = try bench.start(
            "127.0.0.1",
            ["port": .integer(Int64(peer.port(server))), "count": .integer(2), "interval_ms": .integer(2000)])
        for number in 1...2 {
            // What it sent is in the socket by now, and read before the clock's turn is noticed.
            _ = try await peer.events.next("answer") {
                $0["event"]?.string == "answered" && $0["number"]?.int == number
            }
            time.advance(by: .seconds(2))
        }
        let result = try await results.next("result")
        #expect(result.code == code && result.stage == .response)
        #expect((result.outcome.report as? NTPReport)?.samples.map(\.status) == [.timeout, .timeout])
        await peer.stop()
    }

    @Test func aLostAnswerIsOneSample() async throws {
        let (peer, time) = (try await PythonPeer.ntp(), ManualTime())
        let bench = try OneToolBench(NTPTool(), time: time)
        defer { bench.stop() }
        let (_, results) = try bench.start(
            "::1",
            [
                "port": .integer(Int64(peer.port("late-second"))), "count": .integer(2),
                "interval_ms": .integer(1000), "timeout_ms": .integer(1000),
            ])
        _ = try await peer.events.next("query")
        time.advance(by: .seconds(1))
        let result = try await results.next("result")
        #expect(result.outcome.failure == nil)
        #expect((result.outcome.report as? NTPReport)?.samples.map(\.status) == [.timeout, .reply])
        await peer.stop()
    }

    @Test func nobodyListens() async throws {
        let bench = try OneToolBench(NTPTool())
        defer { bench.stop() }
        for target in ["127.0.0.1", "::1"] {
            let result = try await bench.run(target, ["port": .integer(Int64(try FreePorts.closed()))])
            #expect(result.code == .connectionRefused, "\(String(describing: result.outcome.failure))")
        }
        #expect(try await bench.run("nowhere.example").code == .resolveFailure)
        #expect(try await bench.run("127.0.0.1", ["ip_version": .integer(6)]).code == .noAddress)
        let denied = try OneToolBench(NTPTool(), policy: DenyPurpose(purpose: .target))
        defer { denied.stop() }
        #expect(try await denied.run("127.0.0.1").code == .policyDenied)
    }

    @Test(arguments: [StopReason.deadline, .cancelled])
    func endsEarlyWithWhatItHas(_ reason: StopReason) async throws {
        let (peer, time) = (try await PythonPeer.ntp(), ManualTime())
        let bench = try OneToolBench(NTPTool(), time: time)
        defer { bench.stop() }
        let (running, results) = try bench.start(
            "127.0.0.1", ["port": .integer(Int64(peer.port("silent"))), "timeout_ms": .integer(60000)],
            deadline: .seconds(5))
        _ = try await peer.events.next("query")
        if reason == .deadline { time.advance(by: .seconds(5)) } else { running.stop(reason) }
        let result = try await results.next("result")
        #expect(result.code == reason.failure(at: .response).code && result.stage == .response)
        #expect(await bench.openDescriptors == 0)
        await peer.stop()
    }

    @Test func bothFamiliesSideBySide() async throws {
        let peer = try await Self.sharedPeer.value
        let bench = try OneToolBench(NTPTool())
        defer { bench.stop() }
        let result = try await bench.run(
            "localhost", ["port": .integer(Int64(peer.port("good"))), "ip_version": .string("both")])
        let both = try #require(result.outcome.report as? SideBySide)
        #expect(both.v4.failure == nil && both.v6.failure == nil)
    }

    @Test(arguments: [
        ("port", ParameterValue.integer(0)), ("port", .integer(70000)), ("count", .integer(0)), ("count", .integer(17)),
        ("interval_ms", .integer(10)), ("timeout_ms", .integer(0)), ("count", .string("many")),
    ])
    func refusesParameters(_ name: String, _ value: ParameterValue) {
        let error = #expect(throws: InvalidInput.self) {
            try NTPTool().prepare(target: "127.0.0.1", parameters: [.init(name, value)])
        }
        #expect(error?.code == .invalidParameters && error?.detail.contains(name) == true)
    }
}
