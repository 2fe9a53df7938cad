import ProbeTesting
import Testing

@testable import ProbeNative

/// Capabilities are per thread: each test takes them from a thread of its own.
@Suite(.enabled(if: Capability.netRaw.isPermitted, "needs CAP_NET_RAW to take it away"))
struct PingPrivilegeTests {
    @Test func withoutThePermissionTheLaneSaysHowToGrantIt() async throws {
        let lane = try await OwnThread.run {
            try Capability.netRaw.drop()
            return PingLane.open(workers: 2)
        }
        let failure = try #require(lane.unavailable)
        #expect(failure.code == .permissionDenied)
        #expect(!failure.isMeasurement)
        for hint in ["setcap cap_net_raw+p", "--cap-add NET_RAW", "AmbientCapabilities"] {
            #expect(failure.detail.contains(hint))
        }
        // Jobs get the same answer, at once; the TCP ping needs no permission.
        let engine = try Engine(registry: ToolRegistry([PingTool(lane: lane)]))
        defer { engine.stop() }
        let probe = try PingTool(lane: lane).prepare(
            target: "no-such-name.invalid", parameters: .engine(.liboping))
        #expect(await engine.run(probe).outcome.failure == failure)
    }

    @Test func aPermittedCapabilityIsRaisedForOpeningAndLoweredAgain() async throws {
        let (lane, isEffective) = try await OwnThread.run {
            // As a program file marked `cap_net_raw+p` starts: permitted, not effective.
            var (effective, permitted): (UInt64, UInt64) = (0, 0)
            try Syscalls.capabilities(&effective, &permitted)
            try Syscalls.setCapabilities(effective & ~Capability.netRaw.bit, permitted)
            let lane = PingLane.open(workers: 1)
            try Syscalls.capabilities(&effective, &permitted)
            return (lane, effective & Capability.netRaw.bit != 0)
        }
        defer { lane.stop() }
        #expect(lane.unavailable == nil)
        #expect(!isEffective)
    }
}
