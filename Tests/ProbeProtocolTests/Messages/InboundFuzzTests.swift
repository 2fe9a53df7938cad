import ProbeProtocol
import ProbeTesting
import Testing

/// What a backend sends, mutated: decoded or refused, whatever it is.
@Suite struct InboundFuzzTests {
    private static let seeds = [
        #"{"type":"diagnostic_job","request_id":"a-1","tool":"http","target":"http://example.test/","#
            + #""parameters":{"headers":{"A":"b"},"expect":{"status":["2xx",404]}},"priority":2,"timeout":1.5,"progress":true}"#,
        #"{"type":"diagnostic_request","request_id":"\u00fc\ud83d\ude00","tool":"ping","target":"::1","params":{"count":4}}"#,
        #"{"type":"cancel_job","request_id":"a-1"}"#, #"{"type":"ping"}"#,
        #"{"status":"ok","type":"result_received","request_id":"a-1"}"#,
        #"{"status":"connected","message":"hi","connection_id":"c","reconnect":{"min_delay":1000,"max_delay":3e4,"#
            + #""jitter_factor":0.1,"initial_delay":-1},"server_time":"2026-01-01T00:00:00Z"}"#,
        #"{"status":"error","message":"no","details":{"a":[null,true,[[]]]}}"#,
        #"{"type":"server_shutdown","reconnect_in":2500}"#, #"{"type":"heartbeat_ack","timestamp":"now"}"#,
    ].map { Array($0.utf8) }
    private static let words = [
        "\"", "{", "}", "[", "]", ":", ",", "\\u", "\\", "1e400", "-", "null", #""request_id":"#, #""parameters":{"#,
    ].map { Array($0.utf8) }

    @Test func noMessageCrashesOrLoops() {
        let run = FuzzRun("inbound", seeds: Self.seeds, words: Self.words, seed: 0x5eed) { bytes in
            (try? InboundMessage.decode(bytes)) != nil
        }
        let summary = run.run(0..<FuzzRun.testInputs)
        #expect(summary.accepted > FuzzRun.testInputs / 50, "\(summary)")
    }
}
