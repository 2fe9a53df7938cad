import Logging
import ProbeNative
import ProbeTesting
import ServiceLifecycle
import Testing

@testable import ProbeAgent

/// The whole node against a backend from outside this project.
@Suite struct AgentTests {
    @Test func authenticatesBeatsRunsAndStops() async throws {
        try await FakeController.with { controller in
            let tool = GatedTool()
            let engine = try Engine(registry: ToolRegistry([tool]))
            defer { engine.stop() }
            var configuration = AgentConfiguration(
                backend: controller.url, nodeUUID: "11111111-2222-3333-4444-555555555555", apiKey: Secret("pnode_key"))
            configuration.maxConcurrent = 1
            let agent = try Agent(configuration: configuration, engine: engine, logger: .silent)
            let group = ServiceGroup(services: [agent], logger: .silent)
            async let running: Void = group.run()

            let authentication = try #require(try await controller.next("authentication").message)
            #expect(authentication["node_uuid"]?.string == "11111111-2222-3333-4444-555555555555")
            #expect(authentication["api_key"]?.string == "pnode_key")
            #expect(authentication["capabilities"]?["max_concurrent"]?.int == 1)
            let beat = try await controller.nextMessage(type: "heartbeat")
            #expect(beat["state"]?.string == "ready" && beat["max_concurrent"]?.int == 1)

            for id in ["running", "queued"] {
                try await controller.send([
                    "type": "diagnostic_job", "request_id": .string(id), "tool": "gated", "target": "example.com",
                ])
            }
            try await controller.send(["type": "diagnostic_job", "request_id": "bad", "tool": "gated", "target": "-oX"])
            let bad = try await controller.response(to: "bad")
            #expect(bad["result"]?["error_code"]?.string == "invalid_parameters" && bad["success"]?.bool == false)
            await tool.gate.arrivals(1)
            async let stopped: Void = group.triggerGracefulShutdown()
            let queued = try await controller.response(to: "queued")
            #expect(queued["result"]?["error_code"]?.string == "shutting_down")
            tool.gate.open()
            let finished = try await controller.response(to: "running")
            #expect(finished["result"]?["note"]?.string == "done" && finished["success"]?.bool == true)
            let closed = try await controller.next("closed")
            #expect(closed["code"]?.int == 1000)
            await stopped
            try await running
        }
    }
}
