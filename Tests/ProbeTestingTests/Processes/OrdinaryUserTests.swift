import ProbeTesting
import Testing

/// On `cat /proc/self/status`, which shows what a program started so would have.
@Suite(.enabled(if: OrdinaryUser.isAvailable, "\(OrdinaryUser.unavailableReason)"))
struct OrdinaryUserPrivilegeTests {
    private static let rawSockets = UInt64(1) << 13

    private func status(_ rights: OrdinaryUser.Rights) async throws -> (uid: String, permitted: UInt64) {
        let user = try await OrdinaryUser(program: "/usr/bin/cat", rights: rights)
        let process = try user.start(["/proc/self/status"])
        #expect(try await process.exit() == .code(0))
        let uid = try await process.output.next("uid") { $0.hasPrefix("Uid:") }
        let permitted = try await process.output.next("CapPrm") { $0.hasPrefix("CapPrm:") }
        return (
            String(uid.split(separator: "\t")[1]), UInt64(permitted.split(separator: "\t")[1], radix: 16) ?? .max
        )
    }

    @Test func theFileCapabilityGivesRawSocketsAndNothingElse() async throws {
        let seen = try await status(OrdinaryUser.Rights())
        #expect(seen.uid == "65534")
        #expect(seen.permitted == Self.rawSockets)
    }

    @Test(arguments: [
        OrdinaryUser.Rights(hasFileCapability: false), OrdinaryUser.Rights(isRawBounded: true),
        OrdinaryUser.Rights(noNewPrivileges: true),
    ])
    func withoutItThereIsNone(_ rights: OrdinaryUser.Rights) async throws {
        let seen = try await status(rights)
        #expect(seen.uid == "65534")
        #expect(seen.permitted == 0)
    }
}
