import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// `/probe` by itself: what it refuses, whose slots it takes, how long it waits.
struct ProbeEndpointTests {
    private static let modules = """
        {scripted: {tool: scripted}, gated: {tool: gated}, heavy: {tool: gated, parameters: {weight: 2}}, quick: {tool: gated, timeout: 2s}}
        """

    private static func endpoint(
        _ bench: WatchBench, _ more: String = ""
    ) throws -> ProbeEndpoint {
        let path = try bench.folder.write(
            """
            checks: [{tool: scripted, target: a.test}]
            outputs: [{prometheus: {listen: "127.0.0.1:0", probe: {\(more)modules: \(modules)}}}]
            """, to: "p.yaml")
        let file = try WatchFile(path: path, registry: bench.engine.registry)
        let plan = try #require(file.outputs.first as? PrometheusPlan)
        return ProbeEndpoint(try #require(plan.probing), bench.watch)
    }

    private func bench(slots: Int = 256) throws -> WatchBench {
        try WatchBench("checks: [{tool: scripted, target: a.test, every: 1h}]", slots: slots)
    }

    private func ask(_ endpoint: ProbeEndpoint, _ query: String, timeout: String? = nil) async -> (Int, String) {
        let fields = timeout.map { ["x-prometheus-scrape-timeout-seconds": $0] } ?? [:]
        let answer = await endpoint.answer(LocalRequest(query: query, fields: fields, body: []))
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    @Test func whatCannotBeProbedIsABadRequest() async throws {
        let endpoint = try Self.endpoint(try bench())
        let queries = [
            ("", "There is no target"), ("target=", "There is no target"),
            ("target=a&module=htpt_2xx", "did you mean http_2xx?"),
            ("target=a&module=icmp&hostname=b", "hostname is not known here"),
            ("target=-x&module=scripted", "begins with"), ("target=a.test&module=icmp", "no tool ping"),
            ("target=%ff&module=scripted", "There is no target"),
        ]
        for (query, sentence) in queries {
            let (status, text) = await ask(endpoint, query)
            #expect(status == 400 && text.contains(sentence), "\(query): \(text)")
        }
        #expect(await ask(endpoint, "target=a.test&module=scripted", timeout: "soon").0 == 400)
    }

    @Test func aVerdictIsAPageAndWhatIsNoneIsNot() async throws {
        let bench = try bench()
        let endpoint = try Self.endpoint(bench)
        bench.scripted.failing.withLock { $0 = ["bad.test"] }
        bench.scripted.unmeasured.withLock { $0 = ["denied.test"] }
        for (target, value) in [("good.test", 1), ("bad.test", 0)] {
            let (status, text) = await ask(endpoint, "module=scripted&target=\(target)")
            #expect(status == 200 && text.contains("\nprobe_success \(value)\n"), "\(text)")
            #expect(text.contains("\n# TYPE probe_duration_seconds gauge\nprobe_duration_seconds "))
        }
        let (status, text) = await ask(endpoint, "module=scripted&target=denied.test")
        #expect(status == 503 && text.hasPrefix("policy_denied: ") && !text.contains("probe_success"))
    }

    @Test func oneMoreThanAtOnceIsTurnedAway() async throws {
        let bench = try bench()
        let endpoint = try Self.endpoint(bench, "max_concurrent: 1, ")
        async let first = ask(endpoint, "module=gated&target=a.test")
        await bench.gated.gate.arrivals(1)
        let (status, text) = await ask(endpoint, "module=gated&target=b.test")
        #expect(status == 503 && text == "1 probes run already (max_concurrent): try again.\n")
        bench.gated.gate.open()
        #expect(await first.0 == 200)
        #expect(await ask(endpoint, "module=gated&target=b.test").0 == 200)
    }

    /// Prometheus's own limit less the offset; the module's, where that is shorter.
    @Test func aProbeEndsBeforeTheScrapeDoes() async throws {
        for (query, timeout, seconds) in [("gated", "5", 4.5), ("quick", "5", 2.0), ("quick", "1.5", 1.0)] {
            let bench = try bench()
            let endpoint = try Self.endpoint(bench)
            async let answer = ask(endpoint, "module=\(query)&target=a.test", timeout: timeout)
            await bench.gated.gate.arrivals(1)
            bench.time.advance(by: .seconds(seconds) - .milliseconds(10.0))
            for _ in 0..<6 { await bench.turn() }
            #expect(bench.watch.visits == 1, "not yet")
            bench.time.advance(by: .milliseconds(10.0))
            // Its deadline is the target's failure, as for blackbox_exporter.
            let (status, text) = await answer
            #expect(status == 200 && text.contains("\nprobe_success 0\n"))
        }
    }

    /// They wait for the checks' slots half of their time, and then nothing is said of the target.
    @Test func theSlotsAreTheChecksOwn() async throws {
        let bench = try bench(slots: 1)
        let endpoint = try Self.endpoint(bench)
        async let first = ask(endpoint, "module=gated&target=a.test")
        await bench.gated.gate.arrivals(1)
        async let second = ask(endpoint, "module=gated&target=b.test", timeout: "10.5")
        while bench.watch.visits < 2 { await Task.yield() }
        await bench.turn()
        bench.time.advance(by: .seconds(5))
        let (status, text) = await second
        #expect(status == 503 && text.hasPrefix("queue_full: "))
        async let third = ask(endpoint, "module=heavy&target=c.test", timeout: "10.5")
        while bench.watch.visits < 2 { await Task.yield() }
        bench.gated.gate.open()
        #expect(await first.0 == 200)
        #expect(await third.0 == 200)
        #expect(bench.watch.visits == 0)
    }

    @Test func theEndOfTheWatchEndsThem() async throws {
        let bench = try bench(slots: 1)
        let endpoint = try Self.endpoint(bench)
        try await bench.run {
            async let running = ask(endpoint, "module=gated&target=a.test")
            await bench.gated.gate.arrivals(1)
            async let waiting = ask(endpoint, "module=gated&target=b.test")
            while bench.watch.visits < 2 { await Task.yield() }
            bench.watch.endVisits()
            let answers = await [running, waiting]
            #expect(answers.allSatisfy { $0.0 == 503 && $0.1.hasPrefix("shutting_down: ") }, "\(answers)")
        }
    }
}

/// How a scrape's target becomes a tool's.
struct ProbeModuleTests {
    private static func probe(_ module: String, _ target: String) throws -> PreparedProbe {
        let path = Places.testFile("testdata/watch/valid-outputs.yaml")
        let plan = try WatchFile(path: path, registry: .builtIn()).outputs.first as? PrometheusPlan
        return try #require(plan?.probing?.modules[module]).prepare(target, .builtIn())
    }

    @Test func aTargetGoesWhereTheModuleHasIt() throws {
        #expect(try Self.probe("zone", "192.0.2.53:5353").target == "example.com")
        #expect(try Self.probe("login", "shop.example").target == "https://shop.example/login")
        #expect(try Self.probe("icmp", "2001:db8::1").target == "2001:db8::1")
        // The file's own module is before the one of that name that is always there.
        #expect(try Self.probe("http_2xx", "shop.example").target == "shop.example")
    }

    @Test func aPortIsTakenOffTheTarget() throws {
        for (target, host) in [("mail.example:25", "mail.example"), ("[2001:db8::1]:25", "[2001:db8::1]")] {
            #expect(try Self.probe("smtp", target).target == host)
            #expect(try Self.probe("tls_connect", target).target == host)
        }
        #expect(throws: InvalidInput("port must be given: a whole number from 1 to 65535.")) {
            try Self.probe("smtp", "mail.example")
        }
        #expect(throws: InvalidInput.self) { try Self.probe("smtp", "2001:db8::1") }
        #expect(throws: InvalidInput.self) { try Self.probe("smtp", "mail.example:0") }
        // Without one there is a default.
        #expect(try Self.probe("tls_connect", "mail.example").target == "mail.example")
    }

    @Test func thoseThatAreAlwaysThereAreGood() throws {
        for module in ProbeModule.builtIn {
            let probe = try module.prepare("mail.example:25", .builtIn())
            #expect(probe.ignoredParameters.isEmpty, "\(module.name)")
        }
    }
}
