import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

/// `expect`: each kind met and not met, and what cannot be decided.
@Suite struct HTTPExpectationTests {
    private func expect(_ members: [String: ParameterValue]) -> ParameterValue {
        .object(members.map { .init($0.key, $0.value) })
    }

    private func fetch(
        _ url: String, _ members: [String: ParameterValue], _ more: [String: ParameterValue] = [:]
    ) async throws -> HTTPProbe.Fetched {
        try await HTTPProbe.fetch(url, more.merging(["expect": expect(members)]) { $1 })
    }

    /// The one expectation's result.
    private func result(
        _ url: String, _ members: [String: ParameterValue], _ more: [String: ParameterValue] = [:]
    ) async throws -> HTTPExpectationResult {
        let fetched = try await fetch(url, members, more)
        let result = try #require(fetched.report?.expectations.first, "\(fetched.result.outcome)")
        #expect(fetched.report?.expectations.count == 1)
        #expect((fetched.failure == nil) == result.isMet, "\(fetched.result.outcome)")
        if !result.isMet {
            #expect(fetched.failure?.code == .expectationFailed && fetched.failure?.stage == .expectation)
            #expect(fetched.failure?.detail.contains(result.name) == true)
        }
        return result
    }

    @Test(arguments: [
        (200, ParameterValue.integer(200), true), (404, .array([.integer(200), .integer(404)]), true),
        (503, .string("5xx"), true), (204, .string("200-299"), true), (418, .string("200, 418"), true),
        (404, .string("2xx"), false), (200, .array([.string("201-299"), .string("4XX")]), false),
    ])
    func status(_ status: Int, _ wanted: ParameterValue, _ isMet: Bool) async throws {
        let nginx = try await HTTPProbe.nginx()
        let result = try await result(nginx.url("/status/\(status)"), ["status": wanted])
        #expect(result == HTTPExpectationResult(name: "status", isMet: isMet, seen: .integer(status)))
    }

    @Test func withoutAStatusTwoAndThreeHundredAreStillWanted() async throws {
        let nginx = try await HTTPProbe.nginx()
        let fetched = try await fetch(nginx.url("/status/404"), ["max_ms": .integer(600_000)])
        #expect(fetched.failure?.code == .expectationFailed)
        #expect(fetched.failure?.detail == "The server answered with status 404.")
        #expect(fetched.report?.expectations.map(\.isMet) == [true])
    }

    @Test func bodies() async throws {
        let nginx = try await HTTPProbe.nginx()
        let url = nginx.url("/")
        let found = try await result(url, ["body_regex": .string("h(e|a)l+o")])
        #expect(found.isMet && found.seen == .string("hello"))
        let missing = try await result(url, ["body_regex": .string("^bye")])
        #expect(!missing.isMet && missing.seen == .null && missing.remark == "It matches nowhere.")
        #expect(try await result(url, ["not_body_regex": .string("error")]).isMet)
        let bad = try await result(url, ["not_body_regex": .string("lo\\s")])
        #expect(!bad.isMet && bad.seen == .string("lo\n"))
        // Decoded, and kept for this only.
        let fetched = try await fetch(nginx.url("/gzip"), ["body_regex": .string("no play all work")])
        #expect(fetched.failure == nil && fetched.report?.body == nil)
    }

    @Test func headers() async throws {
        let nginx = try await HTTPProbe.nginx()
        func header(_ name: String, _ value: ParameterValue) async throws -> HTTPExpectationResult {
            try await result(nginx.url("/"), ["header": .object([.init(name, value)])])
        }
        let type = try await header("Content-Type", .string("text/html"))
        #expect(type == HTTPExpectationResult(name: "header:content-type", isMet: true, seen: .string("text/html")))
        #expect(try await header("content-length", .integer(6)).isMet)
        #expect(try await header("server", .string("^nginx/1\\.")).isMet)
        #expect(try await header("content-type", .object([.init("equals", .string("text/html"))])).isMet)
        #expect(try await header("content-type", .object([.init("regex", .string("html$"))])).isMet)
        let part = try await header("content-type", .object([.init("equals", .string("text"))]))
        #expect(!part.isMet && part.seen == .string("text/html"))
        let none = try await header("x-none", .string("."))
        #expect(!none.isMet && none.seen == .null && none.remark == "The answer has no such field.")
    }

    @Test(arguments: [
        ("/state", ParameterValue.string("up"), true, ReportValue.string("up")),
        ("/state", .string("down"), false, .string("up")), ("/count", .integer(5), true, .integer(5)),
        ("/count", .number(5), true, .integer(5)), ("/count", .string("5"), true, .integer(5)),
        ("/count", .integer(6), false, .integer(5)), ("/ratio", .number(1.5), true, .number(1.5)),
        ("/ok", .bool(true), true, .bool(true)), ("/ok", .string("true"), true, .bool(true)),
        ("/none", .null, true, .string("null")), ("/none", .string("x"), false, .string("null")),
        ("/list/0/a~1b", .string("x~y"), true, .string("x~y")), ("/", .integer(1), true, .integer(1)),
        ("/list/1", .string("x"), false, .null), ("/nothing", .string("x"), false, .null),
        ("/state", .object([.init("regex", .string("^u"))]), true, .string("up")),
        ("/count", .object([.init("regex", .string("^\\d$"))]), true, .integer(5)),
        ("/list", .object([.init("regex", .string("."))]), false, .string("a list of 1")),
        (
            "/list", .object([.init("equals", .array([.object([.init("a/b", .string("x~y"))])]))]), true,
            .string("a list of 1")
        ),
    ])
    func json(_ pointer: String, _ wanted: ParameterValue, _ isMet: Bool, _ seen: ReportValue) async throws {
        let peer = try await HTTPProbe.peer()
        let short = try await result(peer.url("/json"), ["json": .object([.init(pointer, wanted)])])
        #expect(short.name == "json:\(pointer)" && short.isMet == isMet && short.seen == seen)
        if case .object = wanted { return }
        let long = ParameterValue.object([.init("pointer", .string(pointer)), .init("equals", wanted)])
        #expect(try await result(peer.url("/json"), ["json": .array([long])]) == short)
    }

    @Test func jsonThatIsNone() async throws {
        let peer = try await HTTPProbe.peer()
        let result = try await result(peer.url("/"), ["json": .object([.init("/a", .integer(1))])])
        #expect(!result.isMet && result.remark?.hasPrefix("The body is not JSON: ") == true)
        let large = try await HTTPProbe.nginx().url("/large")
        let cut = try await self.result(large, ["json": .object([.init("", .string("x"))])])
        #expect(!cut.isMet && cut.remark == "Only the first 1048576 bytes of the body were looked at.")
    }

    @Test func times() async throws {
        let peer = try await HTTPProbe.peer()
        let slow = try await result(peer.url("/delay/60"), ["max_ms": .integer(50)])
        guard case .number(let milliseconds) = slow.seen else { return #expect(Bool(false), "\(slow)") }
        #expect(!slow.isMet && milliseconds > 50)
        #expect(try await result(peer.url("/"), ["max_ms": .string("600000")]).isMet)
    }

    @Test func certificates() async throws {
        let (nginx, certificates) = (try await HTTPProbe.nginx(), try await TestCertificates.shared())
        let trust = [
            "ca_pem": ParameterValue.string(try String(contentsOfFile: certificates.authority, encoding: .utf8))
        ]
        let url = nginx.url("/", tls: certificates.good)
        let long = try await result(url, ["tls_days_left": .integer(14)], trust)
        #expect(long.isMet && [.integer(28), .integer(29), .integer(30)].contains(long.seen))
        #expect(try await result(url, ["tls_days_left": .integer(90)], trust).isMet == false)
        let plain = try await result(nginx.url("/"), ["tls_days_left": .integer(1)])
        #expect(!plain.isMet && plain.remark == "There is no TLS.")
    }

    @Test func eachIsReportedAlsoWhenEarlierOnesFail() async throws {
        let fetched = try await fetch(
            try await HTTPProbe.nginx().url("/status/404"),
            [
                "status": .integer(200), "body_regex": .string("status 404"), "max_ms": .integer(600_000),
                "header": .object([.init("x-none", .string("a")), .init("content-type", .string("text"))]),
                "not_body_regex": .string("status"),
            ])
        let results = try #require(fetched.report?.expectations)
        #expect(
            results.map(\.name) == [
                "status", "header:x-none", "header:content-type", "body_regex", "not_body_regex", "max_ms",
            ])
        #expect(results.map(\.isMet) == [false, false, true, true, false, true])
        #expect(
            fetched.failure?.detail
                == "3 of 6 expectations are not met: status was 404; header:x-none (The answer has no such field); "
                + "not_body_regex was \"status\".")
    }

    // MARK: Hostile answers

    @Test func aPatternThatWouldRunForEverIsGivenUpAndOthersAreServed() async throws {
        let peer = try await HTTPProbe.peer()
        async let others = withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 { group.addTask { try await HTTPProbe.fetch(peer.url("/")).failure == nil } }
            return try await group.reduce(true) { $0 && $1 }
        }
        for name in ["body_regex", "not_body_regex"] {
            let result = try await result(peer.url("/aaa"), [name: .string("(a+)+$")])
            #expect(!result.isMet && result.seen == .null)
            #expect(result.remark?.hasPrefix("The pattern ") == true, "\(result)")
        }
        #expect(try await others)
    }

    @Test func aBombIsSearchedToTheLimitOnly() async throws {
        let peer = try await HTTPProbe.peer()
        let remark = "Only the first 1048576 bytes of the body were looked at."
        let present = try await result(peer.url("/bomb"), ["body_regex": .string("\\x00{10}")])
        #expect(present.isMet && present.remark == nil)
        // A byte that PCRE2 looks for without starting at each place: a million starts may take all the time of a search.
        let absent = try await result(peer.url("/bomb"), ["body_regex": .string("Z")])
        #expect(!absent.isMet && absent.remark == remark)
        let without = try await result(
            peer.url("/bomb"), ["not_body_regex": .string("Z")], ["body_limit": .integer(4 << 20)])
        #expect(without.isMet && without.remark == remark)
    }

    @Test func withoutAnAnswerNothingIsJudged() async throws {
        let fetched = try await fetch(
            "http://127.0.0.1:\(try FreePorts.closed())/", ["status": .integer(200), "max_ms": .integer(1)])
        #expect(fetched.failure?.code == .connectionRefused && fetched.report?.expectations.isEmpty == true)
    }

    // MARK: Refusals

    @Test(arguments: [
        (#""x""#, "expect must be an object"), (#"{"stauts": 200}"#, "expect has no member \"stauts\""),
        (#"{"status": "abc"}"#, "expect.status must be numbers from 100 to 999"),
        (#"{"status": 99}"#, "expect.status must be"), (#"{"status": []}"#, "expect.status must be"),
        (#"{"status": "300-200"}"#, "expect.status must be"), (#"{"status": {}}"#, "expect.status must be"),
        (#"{"status": "-"}"#, "expect.status must be"), (#"{"status": 1000}"#, "expect.status must be"),
        (#"{"body_regex": "("}"#, "expect.body_regex is no valid pattern at offset 1"),
        (#"{"not_body_regex": ["a"]}"#, "expect.not_body_regex must be a pattern"),
        (#"{"header": "x"}"#, "expect.header must be an object of header names"),
        (#"{"header": {"a b": "x"}}"#, "expect.header: \"a b\" is not the name"),
        (#"{"header": {"a": "*/*"}}"#, "expect.header.a is no valid pattern"),
        (#"{"header": {"a": {"is": "x"}}}"#, "expect.header.a.regex must be a pattern"),
        (#"{"header": {"a": []}}"#, "expect.header.a must be a text"),
        (#"{"json": 5}"#, "expect.json must be"), (#"{"json": {}}"#, "expect.json must be"),
        (#"{"json": {"a": 1}}"#, "expect.json.pointer must be a JSON pointer (RFC 6901)"),
        (#"{"json": {"pointer": "/a~2", "equals": 1}}"#, "expect.json.pointer must be"),
        (#"{"json": {"pointer": "/a"}}"#, "expect.json must have equals or regex"),
        (#"{"json": {"pointer": "/a", "equals": 1, "regex": "x"}}"#, "expect.json must have equals or regex"),
        (#"{"json": {"pointer": "/a", "regex": "["}}"#, "expect.json.regex is no valid pattern"),
        (#"{"max_ms": 0}"#, "expect.max_ms must be a number of milliseconds from 1 to 600000"),
        (#"{"max_ms": "soon"}"#, "expect.max_ms must be"), (#"{"tls_days_left": -1}"#, "expect.tls_days_left must be"),
        (#"{"tls_days_left": 1.5}"#, "expect.tls_days_left must be a whole number"),
    ])
    func isRefusedUpFront(_ text: String, _ sentence: String) throws {
        let value = try JSONDocument.read(Array(text.utf8))
        let error = #expect(throws: InvalidInput.self) {
            try HTTPProbe.prepare("http://a.example/", ["expect": value])
        }
        #expect(error?.detail.hasPrefix(sentence) == true, "\(error?.detail ?? "")")
        #expect(error?.code == .invalidParameters)
    }

    @Test func tooManyAreRefused() {
        let headers = ParameterValue.object((0...32).map { .init("x-\($0)", .string("a")) })
        let error = #expect(throws: InvalidInput.self) {
            try HTTPProbe.prepare("http://a.example/", ["expect": expect(["header": headers])])
        }
        #expect(error?.detail == "expect must be at most 32 expectations, not 33.")
    }
}
