import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// A backend that sends and does not read.
@Suite(.timeLimit(.minutes(5))) struct SessionBackpressureTests {
    /// Too much waits and nothing gets out: the node takes a piece for each of its pings. The flood waits in the peer's
    /// own memory, yet everything arrives in the end: nobody waits for the other for ever.
    @Test func readsPieceByPieceWhileTheBackendTakesNothing() async throws {
        var limits = OutboxLimits()
        limits.bytes = 1 << 20
        try await SessionBench.with(
            receiveBuffer: 4096, policy: ["echo": false, "heartbeat_ack": false], limits: limits
        ) { bench in
            try await bench.connected()
            try await bench.controller.pauseReading()
            for number in 0..<160 { bench.put("r\(number)", size: 100_000) }
            try await bench.controller.sendJob("before", tool: "ping", target: "x")
            #expect(try await bench.sink.job().requestID == "before")
            #expect(bench.outbox.isCongested)

            let jobs = 1200
            let frame = Self.frame(
                #"{"type":"diagnostic_job","request_id":"flood","tool":"ping","target":"\#(String(repeating: "x", count: 10_000))"}"#
            )
            try await bench.controller.command("raw", ["hex": .string(String(repeating: frame, count: jobs))])
            var arrived = 0
            var pings = 0
            while arrived < jobs {
                if bench.sink.events.pending.isEmpty {
                    bench.pass(milliseconds: 15_000)
                    pings += 1
                }
                _ = try await bench.sink.job()
                arrived += 1
                guard arrived == 1 else { continue }
                // Time enough for a node that would read on: 12 MB are on their way.
                for _ in 0..<50 { try await bench.controller.policy([:]) }
                #expect(bench.sink.events.pending.count < jobs / 2)
            }
            #expect(pings >= 3)
            try await bench.controller.resumeReading()
            await bench.outbox.emptied()
        }
    }

    /// A text frame of a server: 126 to 65,535 bytes, in hex.
    private static func frame(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return ([0x81, 0x7e, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xff)] + bytes)
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
