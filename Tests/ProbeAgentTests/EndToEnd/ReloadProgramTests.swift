import Foundation
import ProbeTesting
import Testing

/// SIGHUP and the built, hardened node.
struct ReloadProgramTests {
    @Test(arguments: NodeIdentity.available) func policyAndLimitsChangeAndNothingElse(_ identity: NodeIdentity)
        async throws
    {
        let folder = try TemporaryFolder("reload", mode: 0o755)
        let peer = try HeldPeer()
        let file = try folder.write("max_concurrent: 10\n", to: "node.yaml")
        try await FakeController.with { controller in
            try await NodeProcess.with(controller, ["--config", file], as: identity) { node in
                try await controller.sendJob(
                    "held", tool: "tcp", target: "127.0.0.1", parameters: peer.parameters, extra: ["timeout": 60])
                let held = try await peer.arrival()

                try folder.write(
                    "max_concurrent: 20\ndeny: 127.0.0.0/8\nlog_level: debug\nheartbeat: 7s\n", to: "node.yaml")
                node.process.send(signal: SIGHUP)
                let ignored = try await node.process.errors.next("ignored") { $0.contains("agent.reload_ignored") }
                #expect(ignored.contains("settings=heartbeat"), "\(ignored)")
                let reloaded = try await node.process.errors.next("reloaded") { $0.contains("agent.reloaded") }
                #expect(reloaded.contains("max-concurrent,deny,log-level"), "\(reloaded)")
                _ = try await controller.nextMessage(type: "heartbeat") { $0["max_concurrent"]?.int == 20 }
                try await controller.sendJob("denied", tool: "ping", target: "127.0.0.1", parameters: ["count": 1])
                #expect(try await controller.response(to: "denied")["result"]?["error_code"] == "policy_denied")
                _ = try await node.process.errors.next("debug") { $0.contains("event=job.") && $0.contains("denied") }

                try folder.write("max_concurrent: many\n", to: "node.yaml")
                node.process.send(signal: SIGHUP)
                let failed = try await node.process.errors.next("failed") { $0.contains("agent.reload_failed") }
                #expect(failed.contains("node.yaml:1: max_concurrent must be a whole number"), "\(failed)")
                try await controller.sendJob("still", tool: "ping", target: "127.0.0.1", parameters: ["count": 1])
                #expect(try await controller.response(to: "still")["result"]?["error_code"] == "policy_denied")

                try folder.write("max_concurrent: 10\n", to: "node.yaml")
                node.process.send(signal: SIGHUP)
                _ = try await node.process.errors.next("reloaded") { $0.contains("agent.reloaded") }
                _ = try await controller.nextMessage(type: "heartbeat") { $0["max_concurrent"]?.int == 10 }
                try await controller.sendJob("allowed", tool: "ping", target: "127.0.0.1", parameters: ["count": 1])
                #expect(try await controller.response(to: "allowed")["result"]?["success"] == true)

                // The job of before has lived through it all, on the first connection.
                peer.release(held)
                #expect(try await controller.response(to: "held")["result"]?["success"] == true)
                #expect(!controller.events.pending.contains { $0.name == "closed" || $0.connection > 1 })
            }
        }
    }
}
