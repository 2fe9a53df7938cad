import NIOSSL
import ProbeNative
import ProbeTesting
import ServiceLifecycle
import Testing

@testable import ProbeAgent

/// A whole node inside another program, which these tests are, against a backend from outside this project.
@Suite(.timeLimit(.minutes(3))) struct ProbeNodeTests {
    private static func configuration(_ backend: String) throws -> AgentConfiguration {
        var configuration = AgentConfiguration(
            backend: backend, nodeUUID: "11111111-2222-3333-4444-555555555555", apiKey: Secret("pnode_key"))
        configuration.policy.allow = [try #require(PolicyRule("127.0.0.0/8", tools: []))]
        configuration.reconnect.initial = .milliseconds(50)
        return configuration
    }

    /// The events as words, as they come.
    private static func words(_ event: NodeEvent) -> String {
        switch event {
        case .connecting: "connecting"
        case .connected(let id): "connected \(id ?? "-")"
        case .disconnected(let failure, let retry): "disconnected \(failure.code)\(retry == nil ? "" : " again")"
        case .jobAccepted(let id, let tool, let target): "accepted \(id) \(tool) \(target)"
        case .jobFinished(let id, let result): "finished \(id) \(result.outcome.failure?.code.rawValue ?? "ok")"
        case .watch: "watch"
        case .stopping: "stopping"
        case .stopped: "stopped"
        }
    }

    @Test func startsAnswersTellsWhatHappensAndStops() async throws {
        try await FakeController.with { controller in
            let node = try ProbeNode(
                Self.configuration(controller.url),
                tools: { registry in
                    registry.add("twice") { _, target, _, _ in [.init("said", .string(target + target))] }
                    // In the place of the built-in one.
                    registry.add("whois") { _, _, _, _ in [.init("said", "nothing")] }
                }, logger: .silent)
            let events = node.events()
            node.start()
            let authentication = try #require(try await controller.next("authentication").message)
            let tools = (authentication["capabilities"]?["tools"]?.array ?? []).compactMap(\.string)
            #expect(tools.contains("twice") && tools.filter { $0 == "whois" }.count == 1)
            for (id, tool) in [("a", "twice"), ("b", "whois"), ("c", "nonsense")] {
                try await controller.sendJob(id, tool: tool, target: "ab.example")
            }
            #expect(try await controller.response(to: "a")["result"]?["said"]?.string == "ab.exampleab.example")
            #expect(try await controller.response(to: "b")["result"]?["said"]?.string == "nothing")
            #expect(try await controller.response(to: "c")["result"]?["error_code"]?.string == "unknown_tool")
            #expect(node.status.state == .connected && node.status.jobs.executed == 2)
            #expect(node.metrics.exposition.text.contains("probeops_node_connected 1\n"))
            try await node.stop()
            #expect(try await controller.next("closed")["code"]?.int == 1000)

            var told: [String] = []
            for await event in events { told.append(Self.words(event)) }
            let id = authentication["connection_id"]?.string
            #expect(told.first == "connecting" && told[1].hasPrefix("connected "), "\(told) \(id ?? "")")
            #expect(
                told.filter { $0.hasSuffix(" a ok") || $0.contains(" a ") } == [
                    "accepted a twice ab.example", "finished a ok",
                ])
            #expect(told.contains("finished c unknown_tool") && !told.contains { $0.hasPrefix("accepted c") })
            // No further attempt.
            #expect(Array(told.suffix(3)) == ["stopping", "disconnected other", "stopped"], "\(told)")
        }
    }

    /// Cancelled half way, results would be lost.
    @Test func cancellationIsAWishToEnd() async throws {
        try await FakeController.with { controller in
            let tool = GatedTool()
            let node = try ProbeNode(
                Self.configuration(controller.url), tools: { $0.add(tool, isReactorSafe: true) }, logger: .silent)
            let running = Task { try await node.run() }
            _ = try await controller.next("authentication")
            try await controller.sendJob("running", tool: "gated", target: "example.com")
            await tool.gate.arrivals(1)
            running.cancel()
            _ = try await controller.nextMessage(type: "heartbeat") { $0["state"]?.string == "draining" }
            tool.gate.open()
            #expect(try await controller.response(to: "running")["success"]?.bool == true)
            #expect(try await controller.next("closed")["code"]?.int == 1000)
            try await running.value
        }
    }

    @Test func twoNodesInOneServiceGroupEndWithIt() async throws {
        let folder = try TemporaryFolder()
        try await FakeController.with { one in
            try await FakeController.with { other in
                var services: [ProbeNode] = []
                for (index, controller) in [one, other].enumerated() {
                    var configuration = try Self.configuration(controller.url)
                    configuration.stateDirectory = folder.file("\(index)")
                    services.append(try ProbeNode(configuration, logger: .silent))
                }
                // Its folder is taken.
                var third = try Self.configuration(one.url)
                third.stateDirectory = folder.file("0")
                let refusal = #expect(throws: ConfigurationError.self) { _ = try ProbeNode(third, logger: .silent) }
                #expect(
                    refusal?.description.contains("is in use by another process") == true,
                    "\(String(describing: refusal))")
                let group = ServiceGroup(services: services, logger: .silent)
                async let running: Void = group.run()
                for controller in [one, other] { _ = try await controller.next("authentication") }
                await group.triggerGracefulShutdown()
                for controller in [one, other] {
                    #expect(try await controller.next("closed")["code"]?.int == 1000)
                }
                try await running
            }
        }
    }

    @Test func theProgramsOwnTLSSettings() async throws {
        let certificates = try await TestCertificates.shared()
        try await FakeController.with(certificate: certificates.good) { controller in
            var trusting = TLSConfiguration.makeClientConfiguration()
            trusting.trustRoots = .file(certificates.authority)
            let node = try ProbeNode(Self.configuration(controller.url), tls: trusting, logger: .silent)
            node.start()
            _ = try await controller.next("authentication")
            try await node.stop()

            let strict = try ProbeNode(
                Self.configuration(controller.url), tls: .makeClientConfiguration(), logger: .silent)
            let events = strict.events()
            strict.start()
            for await event in events {
                guard case .disconnected(let failure, let retry) = event else { continue }
                #expect(failure.code.hasPrefix("tls_") && retry != nil, "\(failure)")
                break
            }
            try await strict.stop()

            var mixed = try Self.configuration(controller.url)
            mixed.caFile = certificates.authority
            let refusal = #expect(throws: ConfigurationError.self) {
                _ = try ProbeNode(mixed, tls: trusting, logger: .silent)
            }
            #expect(refusal?.description.contains("cannot go with TLS settings") == true)
        }
    }

    @Test func aReloadChangesWhatJobsMayReach() async throws {
        try await FakeController.with { controller in
            var configuration = try Self.configuration(controller.url)
            let node = try ProbeNode(configuration, logger: .silent)
            node.start()
            _ = try await controller.next("authentication")
            configuration.policy.allow = []
            node.reload(configuration)
            try await controller.sendJob("denied", tool: "tcp", target: "127.0.0.1", parameters: ["port": 1])
            let answer = try await controller.response(to: "denied")
            #expect(answer["result"]?["error_code"]?.string == "policy_denied")
            try await node.stop()
        }
    }

    @Test func itsOwnChecksAreEventsToo() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("checks: [{tool: steady, target: a.example, every: 1s}]\n", to: "checks.yaml")
        try await FakeController.with { controller in
            var configuration = try Self.configuration(controller.url)
            configuration.watchFile = file
            let node = try ProbeNode(
                configuration, tools: { $0.add("steady") { _, _, _, _ in [] } }, logger: .silent)
            let events = node.events()
            node.start()
            for await event in events {
                guard case .watch(.result(let result)) = event else { continue }
                #expect(result.check.id == "steady a.example" && result.verdict == .ok)
                break
            }
            try await node.stop()
        }
    }

    @Test func whatCannotBeUsedIsSaid() throws {
        var configuration = try Self.configuration("https://probes.example.com")
        configuration.enrollment.isDue = true
        let refusal = #expect(throws: ConfigurationError.self) { _ = try ProbeNode(configuration, logger: .silent) }
        #expect(refusal?.description.contains("NodeRegistration") == true)
        let url = #expect(throws: ConfigurationError.self) {
            _ = try ProbeNode(Self.configuration("ftp://probes.example.com"), logger: .silent)
        }
        #expect(url?.description.contains("ftp") == true)
    }
}
