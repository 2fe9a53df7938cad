import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// How connections end and what follows, on a clock that nobody waits for.
@Suite(.timeLimit(.minutes(1))) struct SessionEndTests {
    @Test(arguments: [
        ("oversize", 1009), ("oversizeInFragments", 1009), ("binary", 1003), ("invalidUTF8", 1007), ("reserved", 1002),
        ("endlessControl", 1002), ("continuation", 1002),
    ])
    func breachesAreClosedWithTheirCode(kind: String, code: Int) async throws {
        try await SessionBench.with { bench in
            try await bench.connected()
            let controller = bench.controller
            switch kind {
            // Its own sending fails when the node closes in the middle.
            case "oversize": try? await controller.sendFrame(opcode: "text", count: 10 << 20)
            case "oversizeInFragments":
                let text = String(repeating: "x", count: (1 << 20) + 1)
                try? await controller.sendFragments(text, size: 60_000)
            case "binary": try await controller.sendFrame(opcode: "binary", count: 10)
            case "invalidUTF8": try await controller.sendInvalidUTF8()
            case "reserved": try await controller.command("raw", ["hex": "830178"])
            case "endlessControl": try await controller.command("raw", ["hex": "897e0100"])
            default: try await controller.command("frame", ["opcode": "cont", "text": "x"])
            }
            let closed = try await controller.next("closed")
            #expect(closed["code"]?.int == code)
            #expect(try await bench.failure().delay == 1000)
        }
    }

    @Test func aMessageOfExactlyTheLimitIsTaken() async throws {
        try await SessionBench.with { bench in
            try await bench.connected()
            let head = #"{"type":"diagnostic_job","request_id":"big","tool":"ping","target":""#
            let text = head + String(repeating: "x", count: (1 << 20) - head.utf8.count - 2) + #""}"#
            try await bench.controller.send(text: text)
            #expect(try await bench.sink.job().requestID == "big")
        }
    }

    @Test func anAbruptEndIsFollowedByTheLaw() async throws {
        try await SessionBench.with { bench in
            for expected in [1000, 1500, 2250, 3375] {
                try await bench.connected()
                try await bench.controller.abort()
                #expect(try await bench.failure().delay == expected)
                _ = try await bench.sink.events.next("disconnected") { $0 == .disconnected }
                bench.pass(milliseconds: expected - 1)
                #expect(bench.time.pending.count == 1)
                bench.pass(milliseconds: 1)
            }
            try await bench.connected()
            bench.pass(milliseconds: 15_000)
            _ = try await bench.controller.next("ping")
            bench.pass(milliseconds: 15_000)
            _ = try await bench.controller.next("ping")
            try await bench.controller.abort()
            #expect(try await bench.failure().delay == 1000)
        }
    }

    @Test(arguments: [
        (1012, 1000, "code 1012"), (1013, 30_000, "code 1013"), (4001, 30_000, "Another node"),
        (1000, 1000, "code 1000"),
    ])
    func closeCodesAreHeeded(code: Int, delay: Int, words: String) async throws {
        try await SessionBench.with { bench in
            try await bench.connected()
            try await bench.controller.close(code: code, reason: "because")
            let failure = try await bench.failure()
            #expect(failure.delay == delay)
            #expect(failure.reason.contains(words) && failure.reason.contains("because"))
            // The closing handshake was answered.
            #expect(try await bench.controller.next("closed")["clean"] == true)
        }
    }

    @Test func anAnnouncedShutdownIsComeBackFromWhenItSaid() async throws {
        try await SessionBench.with { bench in
            try await bench.connected()
            try await bench.controller.send(["type": "server_shutdown", "reconnect_in": 2500])
            bench.put("late")
            _ = try await bench.controller.response(to: "late")
            try await bench.controller.close(code: 1012)
            #expect(try await bench.failure().delay == 2500)
            bench.pass(milliseconds: 2500)
            try await bench.connected()
            // One that does not go is left at its time; so soon after the first, the law holds too.
            try await bench.controller.send(["type": "server_shutdown", "reconnect_in": 700])
            try await bench.controller.sendJob("later", tool: "ping", target: "x")
            #expect(try await bench.sink.job().requestID == "later")
            bench.pass(milliseconds: 700)
            #expect(try await bench.failure().delay == 1500)
        }
    }

    @Test func tooLargeAResultIsCutAndThenReplaced() async throws {
        try await SessionBench.with(policy: ["acknowledge": false]) { bench in
            bench.put("large", size: 200_000)
            bench.put("small")
            var sizes: [Int] = []
            for delay in [1000, 1500] {
                try await bench.connected()
                let event = try await bench.controller.next("message") {
                    $0.message?["request_id"]?.string == "large"
                }
                sizes.append(event["size"]?.int ?? -1)
                try await bench.controller.close(code: 1009)
                #expect(try await bench.failure().delay == delay)
                bench.pass(milliseconds: delay)
            }
            try await bench.connected()
            let last = try await bench.controller.next("message") { $0.message?["request_id"]?.string == "large" }
            #expect(sizes[0] > 200_000 && sizes[1] <= 64 << 10)
            #expect(last.message?["result"]?["error_code"]?.string == "result_too_large")
            _ = try await bench.controller.response(to: "small")
        }
    }

    @Test func silenceIsTakenForDeath() async throws {
        // Without acknowledgements: one that is still on its way would be a sign of life after the clock has moved.
        try await SessionBench.with(receiveBuffer: 4096, policy: ["heartbeat_ack": false]) { bench in
            try await bench.connected()
            // A peer that reads nothing answers no ping.
            try await bench.controller.pauseReading()
            for second in [15, 30] {
                await bench.time.sleepers(1)
                bench.pass(milliseconds: 15_000)
                #expect(second < 45)
            }
            await bench.time.sleepers(1)
            bench.pass(milliseconds: 15_000)
            #expect(try await bench.failure().reason.contains("Nothing came"))
        }
    }

    /// The backend was not silent while the node was busy.
    @Test func aNodeThatWasHeldUpDoesNotTakeThatForSilence() async throws {
        try await SessionBench.with { bench in
            try await bench.connected()
            await bench.time.sleepers(1)
            bench.sink.work.withLock { [time = bench.time] in $0 = { time.advance(by: .seconds(50)) } }
            try await bench.controller.send(text: #"{"type":"diagnostic_job","request_id":"a","tool":"ping"}"#)
            _ = try await bench.controller.next("ping")
            bench.sink.work.withLock { $0 = nil }
            try await bench.controller.send(text: #"{"type":"diagnostic_job","request_id":"b","tool":"ping"}"#)
            _ = try await bench.sink.events.next("b") {
                if case .job(let job) = $0 { job.requestID == "b" } else { false }
            }
            #expect(!bench.sink.events.pending.contains(.disconnected))
        }
    }

    @Test func stoppingSendsWhatIsLeftAndClosesWith1000() async throws {
        try await SessionBench.with { bench in
            try await bench.connected()
            for number in 0..<100 { bench.put("r\(number)", size: 1000) }
            await bench.session.stop(flushUntil: bench.time.now + .seconds(5))
            await bench.ended()
            #expect(bench.outbox.unsettled == 0)
            #expect(try await bench.controller.next("closed")["code"]?.int == 1000)
        }
    }

    @Test func stoppingSettlesWithAServerThatNeverAcknowledges() async throws {
        try await SessionBench.with(policy: ["acknowledge": false]) { bench in
            try await bench.connected()
            for number in 0..<100 { bench.put("r\(number)", size: 10_000) }
            await bench.session.stop(flushUntil: bench.time.now + .seconds(5))
            await bench.ended()
            #expect(bench.outbox.unsettled == 0)
            #expect(try await bench.controller.next("closed")["code"]?.int == 1000)
        }
    }

    /// The backend is away, or takes nothing: stopping ends at its deadline with the results still there.
    @Test func stoppingEndsAtItsDeadline() async throws {
        try await SessionBench.with(policy: ["acknowledge": false]) { bench in
            try await bench.connected()
            try await bench.controller.pauseReading()
            bench.put("kept")
            let deadline = bench.time.now + .seconds(5)
            async let stopped: Void = bench.session.stop(flushUntil: deadline)
            await bench.time.sleepers(2)
            bench.pass(milliseconds: 5000)
            await stopped
            try await bench.controller.resumeReading()
            await bench.ended()
            #expect(bench.outbox.unsettled == 1)
        }
    }

    @Test func stoppingDuringThePauseEndsAtOnce() async throws {
        try await SessionBench.with(policy: ["handshake": "reject"]) { bench in
            _ = try await bench.failure()
            await bench.session.stop(flushUntil: bench.time.now + .seconds(5))
            await bench.ended()
        }
    }

    /// What is left goes out over a new connection when the old one has broken.
    @Test func stoppingDuringThePauseWaitsForTheNextConnection() async throws {
        try await SessionBench.with { bench in
            try await bench.connected()
            try await bench.controller.abort()
            let delay = try await bench.failure().delay
            bench.put("left")
            async let stopped: Void = bench.session.stop(flushUntil: bench.time.now + .seconds(5))
            await bench.time.sleepers(2)
            bench.pass(milliseconds: delay)
            await stopped
            await bench.ended()
            #expect(bench.outbox.unsettled == 0)
        }
    }
}
