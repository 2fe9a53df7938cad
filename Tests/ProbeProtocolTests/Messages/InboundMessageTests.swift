import ProbeNative
import Testing

@testable import ProbeProtocol

@Suite struct InboundMessageTests {
    @Test func readsAJobAndItsAliases() throws {
        for type in ["diagnostic_job", "diagnostic_request"] {
            for parameters in ["parameters", "params"] {
                let text =
                    #"{"type":"\#(type)","request_id":"r","tool":"ping","target":"t","\#(parameters)":{"count":4},"#
                    + #""priority":3,"timeout":2.5,"progress":true,"later":[{}]}"#
                #expect(
                    try job(text)
                        == JobMessage(
                            requestID: "r", tool: "ping", target: "t", parameters: [.init("count", .integer(4))],
                            priority: 3,
                            timeout: 2.5, wantsProgress: true, size: text.utf8.count))
            }
        }
    }

    @Test func defaultsStand() throws {
        let text = #"{"type":"diagnostic_job","request_id":"r","tool":"dns","target":"t","parameters":null}"#
        #expect(try job(text) == JobMessage(requestID: "r", tool: "dns", target: "t", size: text.utf8.count))
    }

    @Test(arguments: [
        (#""tool":5,"target":"t""#, "tool must be text, not 5."),
        (#""target":"t""#, "tool must be text, but is missing."),
        (#""tool":"ping""#, "target must be text, but is missing."),
        (#""tool":"ping","target":"t","parameters":[]"#, "parameters must be an object, not a list."),
        (#""tool":"ping","target":"t","timeout":"x""#, "timeout must be a number of seconds, not \"x\"."),
        (#""tool":"ping","target":"t","priority":{}"#, "priority must be a number, not an object."),
    ])
    func wrongTypesAreNamed(_ fields: String, _ problem: String) throws {
        #expect(try job(#"{"type":"diagnostic_job","request_id":"r",\#(fields)}"#).problem == problem)
    }

    @Test(arguments: [
        "", #","request_id":"""#, #","request_id":7"#, #","request_id":null"#,
        #","request_id":"\#(String(repeating: "x", count: 257))""#,
    ])
    func aJobWithoutAUsableIdentifierIsMalformed(_ field: String) {
        #expect(throws: MalformedMessage.self) {
            try InboundMessage.decode(Array(#"{"type":"diagnostic_job","tool":"ping","target":"t"\#(field)}"#.utf8))
        }
    }

    @Test func readsTheServersOtherMessages() throws {
        guard
            case .accepted(let accepted) = try decode(
                #"{"status":"connected","message":"hi","node_uuid":"u","connection_id":"c","reconnect":{"#
                    + #""min_delay":1000,"max_delay":30000,"jitter_factor":0.1,"initial_delay":"x"},"#
                    + #""server_time":"2026-01-01T00:00:00Z"}"#
            )
        else { throw Unexpected() }
        #expect(accepted.reconnect == ReconnectHints(minDelay: .seconds(1), maxDelay: .seconds(30), jitterFactor: 0.1))
        #expect(accepted.connectionID == "c" && accepted.serverTime == "2026-01-01T00:00:00Z")

        guard
            case .refused("Authentication failed", nil) = try decode(
                #"{"status":"error","message":"Authentication failed"}"#)
        else { throw Unexpected() }
        guard case .resultReceived("r") = try decode(#"{"status":"ok","type":"result_received","request_id":"r"}"#)
        else { throw Unexpected() }
        guard case .heartbeatAck("now") = try decode(#"{"status":"ok","type":"heartbeat_ack","server_time":"now"}"#)
        else { throw Unexpected() }
        guard case .heartbeatAck("then") = try decode(#"{"type":"heartbeat_ack","timestamp":"then"}"#)
        else { throw Unexpected() }
        guard case .cancel("r") = try decode(#"{"type":"cancel_job","request_id":"r"}"#) else { throw Unexpected() }
        guard case .serverShutdown(.milliseconds(2500)) = try decode(#"{"type":"server_shutdown","reconnect_in":2500}"#)
        else { throw Unexpected() }
        guard case .ping = try decode(#"{"type":"ping"}"#) else { throw Unexpected() }
        guard case .error("no") = try decode(#"{"type":"error","message":"no"}"#) else { throw Unexpected() }
        guard case .unknownJob("r") = try decode(#"{"type":"error","code":"unknown_job","request_id":"r"}"#)
        else { throw Unexpected() }
        guard case .unknown("later") = try decode(#"{"type":"later"}"#) else { throw Unexpected() }
        guard case .unknown(nil) = try decode(#"{"type":5}"#) else { throw Unexpected() }
        guard case .unknown(nil) = try decode("{}") else { throw Unexpected() }
    }

    private struct Unexpected: Error {}

    private func decode(_ text: String) throws -> InboundMessage { try InboundMessage.decode(Array(text.utf8)) }

    private func job(_ text: String) throws -> JobMessage {
        guard case .job(let job) = try decode(text) else { throw Unexpected() }
        return job
    }
}
