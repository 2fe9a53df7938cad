import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

/// What a job's record tells, and that nobody else has one.
@Suite struct SpanTests {
    @Test func aSpanKeepsItsFirstEnd() {
        let time = ManualTime()
        let root = Span(.job, "job", time: time)
        let child = root.begin(.connect, "somewhere")
        time.advance(by: .milliseconds(5))
        child?.end("connected")
        time.advance(by: .milliseconds(5))
        child?.end("too late", isFailed: true)
        let record = root.record()
        #expect(record.isOpen && record.duration == .milliseconds(10))
        #expect(record.children.map(\.duration) == [.milliseconds(5)])
        #expect(record.children.map(\.outcome) == ["connected"] && !record.children[0].isFailed)
    }

    @Test func whatItWaitedForFailsWithIt() {
        let time = ManualTime()
        let root = Span(.run, "run", time: time)
        root.note(.policy, "an address", "allowed")
        let inner = root.begin(.query, "a query")?.begin(.connect, "a server")
        root.fail(.deadline(.connect))
        let record = root.record()
        #expect(record.children[0].outcome == "allowed")
        #expect(record.children[1].isFailed && record.children[1].children[0].isFailed)
        inner?.end("too late")
        #expect(root.record().children[1].children[0].outcome?.hasPrefix("deadline_exceeded") == true)
    }

    @Test func itsChildrenAreBounded() {
        let root = Span(.run, "run", time: ManualTime())
        for number in 0..<(Span.limit + 3) { root.note(.probe, "\(number)") }
        #expect(root.record().children.count == Span.limit && root.record().omitted == 3)
    }

    /// Each tool of the registry, whatever comes of it.
    @Test(arguments: ToolRegistry.builtIn().tools.map(\.name))
    func everyToolTellsItsWay(name: String) async throws {
        let closed = try FreePorts.closed()
        let targets = ["http": "http://127.0.0.1:\(closed)/", "websocket": "ws://127.0.0.1:\(closed)/"]
        let more: [String: [String: ParameterValue]] = [
            "dns": ["resolver": .string("127.0.0.1:\(closed)"), "record_type": .string("PTR")],
            "reverse_dns": ["resolver": .string("127.0.0.1:\(closed)")],
            "ping": ["protocol": .string("tcp"), "count": .integer(1), "port": .integer(Int64(closed))],
            "traceroute": ["protocol": .string("udp"), "queries": .integer(1), "resolve_names": .bool(false)],
            "mtr": ["protocol": .string("udp"), "cycles": .integer(1), "resolve_names": .bool(false)],
            "tls": ["port": .integer(Int64(closed))], "tcp": ["port": .integer(Int64(closed))],
            "ntp": ["port": .integer(Int64(closed)), "timeout_ms": .integer(100)],
            "port_check": ["ports": .string("\(closed)")],
            "whois": ["server": .string("127.0.0.1:\(closed)"), "follow": .bool(false)],
        ]
        let root = try await record(
            try #require(ToolRegistry.builtIn()[name]), targets[name] ?? "127.0.0.1", more[name] ?? [:])
        #expect(root.children.map(\.kind).prefix(2) == [.queue, .run] && root.children.last?.kind == .verdict)
        #expect(root.children[0].outcome == "admitted")
        let run = root.children[1]
        #expect(!run.isOpen && run.start >= root.start && run.end <= root.end)
        // Without raw sockets, which this engine has not got, it ends before it asks for anything.
        guard name != "path_mtu" else { return }
        #expect(run.all.contains { $0.kind == .resolve || $0.kind == .query }, "\(run)")
        for span in run.all { for child in span.children { #expect(child.start >= span.start, "\(child)") } }
    }

    @Test func resolvingTellsEachQuery() async throws {
        let nsd = try await NSDServer()
        let bench = try OneToolBench(TCPTool(), ResolverSettings(servers: [loopback(nsd.port)]))
        defer { bench.stop() }
        let port = ["port": ParameterValue.integer(Int64(try FreePorts.closed()))]
        let first = try await record(bench, "www.probe.test", port)
        let resolve = try #require(first.all.first { $0.kind == .resolve })
        let lookups = resolve.children.filter { $0.kind == .lookup }
        #expect(Set(lookups.map(\.name)) == ["www.probe.test A", "www.probe.test AAAA"], "\(resolve)")
        for lookup in lookups {
            #expect(lookup.children.map(\.kind).contains(.query) && !lookup.isOpen)
            let query = try #require(lookup.children.first { $0.kind == .query })
            #expect(query.name.contains("www.probe.test. ") && query.name.hasSuffix("127.0.0.1:\(nsd.port) over udp"))
            #expect(query.outcome?.hasPrefix("NOERROR, 1 record") == true, "\(query)")
            #expect(query.start >= lookup.start && query.end <= lookup.end)
        }
        #expect(resolve.outcome == "127.0.0.1, ::1")
        let connect = try #require(first.all.first { $0.kind == .connect })
        #expect(connect.isFailed && connect.outcome?.hasPrefix("connection_refused") == true)
        // Again: nobody is asked.
        let second = try await record(bench, "www.probe.test", port)
        #expect(!second.all.contains { $0.kind == .query })
        #expect(second.all.contains { $0.kind == .lookup && $0.outcome == "cached: 127.0.0.1" })
        await nsd.stop()
    }

    @Test func aSilentServerIsAskedAgainAndItShows() async throws {
        let peer = try await PythonPeer.dns()
        let root = try await record(
            DNSTool(), "silent.test",
            [
                "resolver": .string("127.0.0.1:\(peer.port())"), "retries": .integer(2), "timeout": .string("0.6"),
            ])
        let queries = root.all.filter { $0.kind == .query }
        #expect(queries.count == 3 && queries.allSatisfy { $0.isFailed && $0.outcome == "no answer" }, "\(queries)")
        #expect(zip(queries, queries.dropFirst()).allSatisfy { $0.end <= $1.start })
        let truncated = try await record(
            DNSTool(), "truncated.test", ["resolver": .string("127.0.0.1:\(peer.port())")])
        let ways = truncated.all.filter { $0.kind == .query }
        #expect(ways.map { $0.name.hasSuffix("tcp") } == [false, true])
        #expect(ways[0].outcome?.hasSuffix("truncated") == true && ways[1].children.contains { $0.kind == .connect })
        await peer.stop()
    }

    @Test func aRequestIsItsPhasesOneAfterAnother() async throws {
        let certificates = try await TestCertificates.shared()
        let nginx = try await NginxServer(certificates: [certificates.good])
        let trust = try String(contentsOfFile: certificates.authority, encoding: .utf8)
        let root = try await record(
            HTTPTool(), nginx.url("/redirect/1", host: "localhost", tls: certificates.good),
            [
                "ca_pem": .string(trust), "resolve_to": .string("127.0.0.1"),
                "expect": .object([.init("status", .string("200")), .init("body_regex", .string("arrived"))]),
            ])
        let requests = root.all.filter { $0.kind == .request }
        #expect(requests.map(\.outcome) == ["status 302", "status 200"])
        for request in requests {
            let phases = request.children.filter { [.connect, .tls, .send, .response, .body].contains($0.kind) }
            #expect(phases.map(\.kind) == [.connect, .tls, .send, .response, .body], "\(request)")
            #expect(zip(phases, phases.dropFirst()).allSatisfy { $0.end == $1.start })
            let tls = phases[1]
            #expect(tls.outcome?.hasPrefix("TLSv1.3") == true)
            let verify = try #require(tls.children.first { $0.kind == .verify })
            #expect(verify.outcome == "good" && verify.start >= tls.start && verify.end <= tls.end)
        }
        let expectations = root.all.filter { $0.kind == .expectation }
        #expect(expectations.count == 2 && expectations.allSatisfy { $0.outcome == "met" }, "\(expectations)")
        await nginx.stop()
    }

    @Test func aHandshakeTellsWhatTheCertificateIs() async throws {
        let certificates = try await TestCertificates.shared()
        let server = try await OpenSSLServer(certificates.expired)
        let root = try await record(
            TLSTool(), "localhost",
            [
                "port": .integer(Int64(server.port)), "ip_version": .string("4"),
                "ca_pem": .string(try String(contentsOfFile: certificates.authority, encoding: .utf8)),
            ])
        let tls = try #require(root.all.first { $0.kind == .tls })
        #expect(root.all.contains { $0.kind == .connect && $0.outcome == "connected" })
        let verify = try #require(tls.children.first { $0.kind == .verify })
        #expect(verify.isFailed && verify.outcome?.contains("expired") == true)
        #expect(root.children.last?.outcome?.hasPrefix("tls_certificate_expired at tls") == true)
        await server.stop()
    }

    @Test func packetsAndPausesTakeTurns() async throws {
        let listener = try FreePorts.closed()
        let root = try await record(
            PingTool(lane: .notOpened), "127.0.0.1",
            [
                "protocol": .string("tcp"), "port": .integer(Int64(listener)), "count": .integer(3),
                "interval_ms": .integer(20),
            ])
        let run = root.children[1].children.filter { [.probe, .pause].contains($0.kind) }
        #expect(run.map(\.kind) == [.probe, .pause, .probe, .pause, .probe])
        #expect(run.filter { $0.kind == .probe }.allSatisfy { $0.outcome?.hasPrefix("reply, rtt ") == true })
    }

    @Test func aTraceTellsEachHopsProbes() async throws {
        let root = try await record(
            TracerouteTool(), "127.0.0.1", ["protocol": .string("udp"), "resolve_names": .bool(false)])
        let hop = try #require(root.all.first { $0.kind == .hop })
        #expect(hop.name == "1" && hop.children.count == 3)
        #expect(hop.children.allSatisfy { $0.outcome == "127.0.0.1, target" })
    }

    @Test func theDeadlineIsToldWhereItCame() async throws {
        let peer = try await PythonPeer.http()
        let root = try await record(
            HTTPTool(), "http://127.0.0.1:\(peer.port("silent"))/", ["timeout": .string("0.2")])
        #expect(root.children.contains { $0.kind == .stop && $0.name == "the deadline came" })
        let response = try #require(root.all.first { $0.kind == .response })
        #expect(response.isFailed && response.duration >= .milliseconds(100))
        await peer.stop()
    }

    // MARK: Runs

    private func record(
        _ tool: any Tool, _ target: String, _ parameters: [String: ParameterValue]
    ) async throws -> Span.Record {
        try await open(tool, target, parameters)
    }

    private func open<Probe: Tool>(
        _ tool: Probe, _ target: String, _ parameters: [String: ParameterValue]
    ) async throws -> Span.Record {
        let bench = try OneToolBench(tool)
        defer { bench.stop() }
        return try await record(bench, target, parameters)
    }

    private func record<Probe: Tool>(
        _ bench: OneToolBench<Probe>, _ target: String, _ parameters: [String: ParameterValue]
    ) async throws -> Span.Record {
        let probe = try bench.prepare(target, parameters)
        let span = Span(.job, "\(probe.tool) \(target)", time: bench.engine.time)
        return await withCheckedContinuation { continuation in
            bench.engine.start(probe, deadline: bench.engine.time.now + probe.defaultTimeout, span: span) { _ in
                continuation.resume(returning: span.record())
            }
        }
    }
}

extension Span.Record {
    /// This one and all below it, in the order in which they began.
    fileprivate var all: [Span.Record] { [self] + children.flatMap(\.all) }
}
