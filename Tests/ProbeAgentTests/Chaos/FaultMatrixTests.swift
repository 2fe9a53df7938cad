import Foundation
import ProbeTesting
import Testing

/// The node among faults (docs/internals/chaos.md): back within the law, every job answered once, nothing left behind.
@Suite struct FaultMatrixTests {
    @Test(.timeLimit(.minutes(40)), arguments: Fault.backend + Fault.machine)
    func fault(_ fault: Fault) async throws { try await FaultRun.run(fault) }

    @Test(
        .enabled(if: NetworkLab.isAvailable, "\(NetworkLab.unavailableReason)"), .timeLimit(.minutes(40)),
        arguments: Fault.network)
    func faultInNamespaces(_ fault: Fault) async throws {
        try await NetworkLab.with(hosts: 3) { lab in try await FaultRun.run(fault, in: lab) }
    }

    @Test(
        .enabled(if: FakeClock.unavailableReason.isEmpty, "\(FakeClock.unavailableReason)"), .timeLimit(.minutes(40)))
    func clockStepped() async throws { try await FaultRun.run(Fault.clock) }

    @Test(
        .enabled(if: SmallDisk.isAvailable, "\(SmallDisk.unavailableReason)"), .timeLimit(.minutes(40)))
    func diskFull() async throws {
        let disk = try SmallDisk(bytes: 512 << 10)
        defer { disk.remove() }
        try await FaultRun.run(.diskFull(disk))
    }
}
