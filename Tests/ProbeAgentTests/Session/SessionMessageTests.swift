import ProbeNative
import ProbeProtocol
import ProbeTesting
import Testing

@testable import ProbeAgent

/// What goes over a good connection, with a peer that shares no code with the node.
@Suite(.timeLimit(.minutes(1))) struct SessionMessageTests {
    @Test func authenticatesFirstThenBeats() async throws {
        try await SessionBench.with { bench in
            let connected = try await bench.controller.next("connected")
            #expect(connected["path"] == "/ws/node")
            let first = try await bench.controller.next("authentication")
            #expect(
                first.message == [
                    "node_uuid": "node-1", "api_key": "pnode_secret", "version": "9.9.9", "hostname": "bench",
                    "capabilities": [
                        "tools": ["ping", "dns"], "max_concurrent": 7, "protocol": 1,
                        "features": ["cancel", "progress", "server_shutdown"],
                    ],
                ])
            _ = try await bench.controller.nextMessage(type: "heartbeat")
            bench.pass(milliseconds: 15_000)
            _ = try await bench.controller.nextMessage(type: "heartbeat")
            _ = try await bench.controller.next("ping")
            #expect(!bench.log.pending.contains { $0.description.contains("pnode_secret") })
        }
    }

    @Test func jobsAndCancellationsReachTheNodeInOrder() async throws {
        try await SessionBench.with { bench in
            try await bench.connected()
            try await bench.controller.sendJob("a", tool: "ping", target: "example.com", parameters: ["count": 2])
            try await bench.controller.send(["type": "cancel_job", "request_id": "a"])
            try await bench.controller.send(["type": "ping"])
            let job = try await bench.sink.job()
            #expect(job.requestID == "a" && job.parameters == [.init("count", .integer(2))])
            _ = try await bench.sink.events.next("cancel") { $0 == .cancel("a") }
            _ = try await bench.controller.nextMessage(type: "pong")
        }
    }

    @Test func reassemblesFragmentsWithAPingBetween() async throws {
        try await SessionBench.with { bench in
            try await bench.connected()
            let padding = String(repeating: "\u{e9}", count: 20_000)
            let text = #"{"type":"diagnostic_job","request_id":"f","tool":"dns","target":"\#(padding)"}"#
            // 7 bytes a frame cut characters in two.
            try await bench.controller.sendFragments(text, size: 7, withPing: true)
            #expect(try await bench.sink.job().target == padding)
            #expect(try await bench.controller.next("pong")["payload"] == "between")
        }
    }

    @Test func answersPingsWithTheirPayload() async throws {
        try await SessionBench.with { bench in
            try await bench.connected()
            try await bench.controller.ping("are you there")
            #expect(try await bench.controller.next("pong")["payload"] == "are you there")
        }
    }

    /// Nothing of this ends the connection or reaches the node.
    @Test func passesOverWhatItDoesNotUnderstand() async throws {
        try await SessionBench.with { bench in
            try await bench.connected()
            let deep = String(repeating: #"{"a":"#, count: 200) + "1" + String(repeating: "}", count: 200)
            for text in [
                "", "null", "[]", "{", #"{"type":"diagnostic_job","tool":"ping","target":"x"}"#,
                #"{"type":"diagnostic_job","request_id":7,"tool":"ping","target":"x"}"#, #"{"type":"weather"}"#,
                #"{"type":{}}"#, #"{"status":"connected"}"#, #"{"type":"error","message":"\u0000\n"}"#, deep,
            ] {
                try await bench.controller.send(text: text)
            }
            try await bench.controller.sendJob("good", tool: "ping", target: "x")
            #expect(try await bench.sink.job().requestID == "good")
            #expect(bench.sink.events.pending.isEmpty)
        }
    }

    @Test func resultsGoAsTheyComeAndAreSettledByTheirAcknowledgement() async throws {
        try await SessionBench.with { bench in
            bench.put("before")
            try await bench.connected()
            bench.put("after")
            _ = try await bench.controller.response(to: "before")
            _ = try await bench.controller.response(to: "after")
            await bench.outbox.emptied()
        }
    }

    @Test func aPongSettlesWhenTheServerNeverAcknowledges() async throws {
        try await SessionBench.with(policy: ["acknowledge": false]) { bench in
            try await bench.connected()
            bench.put("one")
            _ = try await bench.controller.response(to: "one")
            #expect(bench.outbox.unsettled == 1)
            bench.pass(milliseconds: 15_000)
            await bench.outbox.emptied()
        }
    }

    /// Once a server has acknowledged, a pong is no longer enough, on later connections either.
    @Test func whatIsUnsettledGoesAgainFirstAndInOrder() async throws {
        try await SessionBench.with { bench in
            try await bench.connected()
            bench.put("settled")
            _ = try await bench.controller.response(to: "settled")
            await bench.outbox.emptied()
            try await bench.controller.policy(["acknowledge": false])
            let ids = (0..<20).map { "r\($0)" }
            for id in ids { bench.put(id) }
            for id in ids { _ = try await bench.controller.response(to: id) }
            bench.pass(milliseconds: 15_000)
            _ = try await bench.controller.next("ping")
            try await bench.controller.abort()
            let delay = try await bench.failure().delay
            bench.put("new")
            bench.pass(milliseconds: delay)
            try await bench.connected()
            for id in ids + ["new"] {
                let next = try await bench.controller.nextMessage(type: "diagnostic_response")
                #expect(next["request_id"]?.string == id)
            }
            #expect(bench.outbox.unsettled == 21)
        }
    }

    @Test func aSlowReaderHoldsResultsBackWithoutFillingMemory() async throws {
        try await SessionBench.with(receiveBuffer: 4096, policy: ["echo": false]) { bench in
            try await bench.connected()
            try await bench.controller.pauseReading()
            for number in 0..<160 { bench.put("r\(number)", size: 100_000) }
            // Once this job is here, the session has written all that it would.
            try await bench.controller.sendJob("after", tool: "ping", target: "x")
            #expect(try await bench.sink.job().requestID == "after")
            #expect(bench.results.pulledBytes > 0 && bench.results.pulledBytes < 8 << 20)
            #expect(bench.outbox.unsettled == 160)
            try await bench.controller.resumeReading()
            await bench.outbox.emptied()
        }
    }

    private struct Filler: Report {
        func write(to writer: inout some ReportWriter) {
            writer.field("filler", String(repeating: "x", count: 10_000))
        }
    }

    @Test func progressGoesAtOnceOrNotAtAll() async throws {
        try await SessionBench.with(receiveBuffer: 4096) { bench in
            try await bench.connected()
            bench.session.sendProgress(ProgressFrame(requestID: "p", sequence: 1, partial: Filler()))
            let first = try await bench.controller.nextMessage(type: "diagnostic_progress")
            #expect(first["request_id"] == "p" && first["seq"] == 1 && first["partial"]?["filler"] != nil)
            try await bench.controller.pauseReading()
            for number in 0..<160 { bench.put("r\(number)", size: 100_000) }
            // Once this job is here, the session has written all that it would.
            try await bench.controller.sendJob("after", tool: "ping", target: "x")
            _ = try await bench.sink.job()
            for number in 2...2000 {
                bench.session.sendProgress(ProgressFrame(requestID: "p", sequence: number, partial: Filler()))
            }
            try await bench.controller.resumeReading()
            // Every result arrives; of the progress nothing.
            await bench.outbox.emptied()
            bench.session.sendProgress(ProgressFrame(requestID: "p", sequence: 2001, partial: Filler()))
            #expect(try await bench.controller.nextMessage(type: "diagnostic_progress")["seq"] == 2001)
        }
    }

    @Test func progressThatIsTooLongIsNotSent() async throws {
        struct Long: Report {
            var count: Int
            func write(to writer: inout some ReportWriter) {
                writer.field("kept", count)
                if writer.admits(.probes, "probes") {
                    writer.field("probes", String(repeating: "x", count: count))
                }
                if count > 200_000 { writer.field("always", String(repeating: "x", count: count)) }
            }
        }
        try await SessionBench.with { bench in
            try await bench.connected()
            for (number, count) in [(1, 300_000), (2, 100_000)] {
                bench.session.sendProgress(
                    ProgressFrame(requestID: "p", sequence: number, partial: Long(count: count)))
            }
            let frame = try await bench.controller.nextMessage(type: "diagnostic_progress")
            #expect(frame["seq"] == 2 && frame["partial"]?["kept"] == 100_000 && frame["partial"]?["probes"] == nil)
        }
    }

    @Test func aPingFloodOfAPeerThatDoesNotReadIsNotStoredUp() async throws {
        try await SessionBench.with(receiveBuffer: 4096) { bench in
            try await bench.connected()
            try await bench.controller.pauseReading()
            let count = 80_000
            // An unmasked ping of 120 bytes.
            let ping = "8978" + String(repeating: "78", count: 120)
            try await bench.controller.command("raw", ["hex": .string(String(repeating: ping, count: count))])
            try await bench.controller.sendJob("after", tool: "ping", target: "x")
            #expect(try await bench.sink.job().requestID == "after")
            try await bench.controller.resumeReading()
            bench.put("done")
            _ = try await bench.controller.response(to: "done")
            let pongs = bench.controller.events.pending.count { $0.name == "pong" }
            #expect(pongs > 0 && pongs < count / 2)
        }
    }
}
