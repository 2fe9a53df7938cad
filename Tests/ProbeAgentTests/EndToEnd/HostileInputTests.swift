import Foundation
import ProbeTesting
import Testing

/// Whatever a backend sends: a clear answer with a stable code where there can be one, and the other jobs go on.
@Suite struct HostileInputTests {
    @Test(.timeLimit(.minutes(2)), arguments: NodeIdentity.available)
    func badInputIsAnsweredAndHarmsNobody(_ identity: NodeIdentity) async throws {
        try await FakeController.with { controller in
            try await NodeProcess.with(controller, as: identity) { node in
                let before = try node.footprint()
                for target in Self.targets {
                    for tool in ["ping", "dns", "http"] {
                        let id = "\(tool)-\(target.hashValue)"
                        try await controller.sendJob(id, tool: tool, target: target, extra: ["timeout": 0.5])
                        let answer = try await controller.response(to: id)
                        let code = answer["result"]?["error_code"]?.string
                        #expect(
                            code != nil && code != "internal_error",
                            "\(tool) \(target.debugDescription): \(answer.text)")
                        let sentence = answer["result"]?["error"]?.string ?? ""
                        #expect(!sentence.isEmpty && !sentence.contains("\n") && sentence.count < 400)
                    }
                }
                for (index, (fields, code)) in Self.fields.enumerated() {
                    let id = "field-\(index)"
                    try await controller.sendJob(id, tool: "ping", target: "127.0.0.1", extra: fields)
                    let answer = try await controller.response(to: id)
                    #expect(answer["result"]?["error_code"]?.string == code, "\(fields.text): \(answer.text)")
                    #expect(answer["success"]?.bool == false)
                }
                for text in Self.noise { try await controller.send(text: text) }
                try await controller.sendFragments(
                    #"{"type":"diagnostic_job","request_id":"fragments","tool":"ping","target":"127.0.0.1","#
                        + #""parameters":{"count":1}}"#,
                    size: 7, withPing: true)
                let last = try await controller.response(to: "fragments")
                #expect(last["result"]?["success"]?.bool == true)
                let after = try node.footprint()
                // The lane's threads come with the work; beyond their bound nothing grows.
                #expect(after.descriptors <= before.descriptors + 4 && after.threads <= 32, "\(before), \(after)")
            }
        }
    }

    /// Frames that end the connection with their own close code; the node comes back.
    @Test(arguments: NodeIdentity.available)
    func framesThatCannotBeReadEndTheConnectionAlone(_ identity: NodeIdentity) async throws {
        try await FakeController.with { controller in
            try await NodeProcess.with(controller, as: identity) { _ in
                // The node closes before it has read all of it: the peer's write fails.
                try? await controller.sendFrame(count: 10 << 20)
                #expect(try await controller.next("closed")["code"]?.int == 1009)
                _ = try await controller.next("authentication")
                try await controller.sendInvalidUTF8()
                #expect(try await controller.next("closed")["code"]?.int == 1007)
                _ = try await controller.next("authentication")
                try await controller.sendFrame(opcode: "binary", count: 10)
                #expect(try await controller.next("closed")["code"]?.int == 1003)
                _ = try await controller.next("authentication")
                try await controller.abort()
                _ = try await controller.next("authentication")
                try await controller.sendJob("after", tool: "ping", target: "127.0.0.1", parameters: ["count": 1])
                #expect(try await controller.response(to: "after")["result"]?["success"]?.bool == true)
            }
        }
    }

    private static let targets = [
        "", " ", "-oX", "-c 1 127.0.0.1", "a\nb", "a\r\nHost: b", "a\u{0}b", "%00", "http://[::1", "http://",
        "http:///x",
        "http://a b/", "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:70/", "javascript:alert(1)",
        "http://%00/", "http://[::1]:99999/", "http://[fe80::1%nosuch]/", "//", "..", "a..b",
        String(repeating: "a", count: 300), String(repeating: "a.", count: 200), "xn--a", "http://xn--\u{e9}/",
        "0x7f.1", "0177.0.0.1", "2130706433", "1.2.3.4.5", "[::1", "::1]", "$(reboot)", "`id`", "a;b",
        "\u{202e}moc.elpmaxe",
        "\u{1F4A9}\u{200d}.\u{0}",
    ]

    private static let fields: [(JSONValue, String)] = [
        (["tool": "no_such_tool"], "unknown_tool"), (["tool": 5], "invalid_parameters"),
        (["target": 5], "invalid_parameters"), (["parameters": [1, 2]], "invalid_parameters"),
        (["parameters": ["count": 0]], "invalid_parameters"), (["parameters": ["count": 1e99]], "invalid_parameters"),
        (["parameters": ["count": [:]]], "invalid_parameters"), (["timeout": -1], "invalid_parameters"),
        (["timeout": "soon"], "invalid_parameters"), (["priority": "high"], "invalid_parameters"),
        (["parameters": ["size": 70000]], "invalid_parameters"),
        (["parameters": ["ip_version": 5]], "invalid_parameters"),
    ]

    /// Nothing that could be answered: the connection stays.
    private static let noise = [
        "", "{", "null", "[]", "{}", "\u{feff}{}", #"{"type":"diagnostic_job"}"#,
        #"{"type":"diagnostic_job","request_id":""}"#,
        #"{"type":"diagnostic_job","request_id":[]}"#, #"{"type":"something_new","x":[{}]}"#, #"{"type":7}"#,
        #"{"type":"cancel_job"}"#, #"{"type":"result_received","request_id":"never"}"#,
        String(repeating: "[", count: 100_000), "{\"a\":" + String(repeating: "[", count: 100_000),
        "{\"type\":\"diagnostic_job\",\"request_id\":\"" + String(repeating: "x", count: 1000) + "\"}",
    ]
}
