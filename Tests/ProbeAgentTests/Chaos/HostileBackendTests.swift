import Foundation
import Glibc
import ProbeTesting
import Testing

/// A backend that means harm: the node stays up and within its memory, and what it had accepted before is on time.
@Suite(.enabled(if: NetworkLab.isAvailable, "\(NetworkLab.unavailableReason)"))
struct HostileBackendTests {
    struct Attack: Sendable, CustomTestStringConvertible {
        let name: String
        var fields: JSONValue = [:]
        let expect: @Sendable (JSONValue) -> Bool
        var testDescription: String { name }
    }

    /// The most that the node may ever have had in memory (VmHWM): the program and its sockets (about 60 MiB in a debug
    /// build), unsettled results (64 MiB) and answers kept for duplicates (64 MiB), and the allocator's loss on them.
    static let memoryBound = 320

    private static let many = ChaosPlan.isLong ? 100_000 : 20_000

    static let attacks = [
        Attack(
            name: "frames",
            fields: [
                "count": .number(Double(ChaosPlan.frames)), "seed": .number(Double(ChaosPlan.seed)),
                "break_every": 2000,
            ],
            expect: { ($0["ended"]?.int ?? 0) > 0 }),
        // Over a new connection what was not settled comes again.
        Attack(
            name: "flood", fields: ["count": .number(Double(many))],
            expect: { $0["copies"] == 0 || $0["connections"] != 1 }),
        // Asked while it ran, it is answered once; asked again afterwards, at most as often as it was asked.
        Attack(
            name: "same", fields: ["count": 10_000],
            expect: { $0["while_running"] == 1 && ($0["answers"]?.int ?? 0) <= 5001 }),
        Attack(
            name: "cancels", fields: ["count": .number(Double(many / 5))],
            expect: { $0["copies"] == 0 || $0["connections"] != 1 }),
        Attack(name: "giants", expect: { $0["unanswered"] == 0 }),
        Attack(name: "unsettled", fields: ["count": .number(Double(many))], expect: { ($0["answers"]?.int ?? 0) > 0 }),
    ]

    @Test(.timeLimit(.minutes(30)), arguments: attacks)
    func attack(_ attack: Attack) async throws {
        try await NetworkLab.with(hosts: 3) { lab in
            let backend = try await HostileBackend(in: lab)
            let command = [
                NodeProcess.program, "run", "--backend", "http://127.0.0.1:\(backend.port)", "--uuid", "hostile",
                "--key",
                "pnode_test", "--heartbeat", "1", "--reconnect-initial", "0.1", "--reconnect-max", "0.1",
                "--allow", "127.0.0.0/8", "--allow", "::1/128",
            ]
            let process = try ChildProcess.start(lab.command(command))
            do {
                try await backend.ready()
                try await backend.attack("witness", ["count": 20])
                let result = try await backend.attack(attack.name, attack.fields)
                let witnesses = try await backend.attack("witnesses")
                let most = try highWaterMark(process.pid)
                print("chaos \(attack.name): \(result.text); witnesses \(witnesses.text); at most \(most) MiB")
                #expect(result["unanswered"] == nil || result["unanswered"] == 0, "\(result.text)")
                #expect(attack.expect(result), "\(result.text)")
                #expect(witnesses["unanswered"] == 0 && (witnesses["on_their_way"]?.int ?? 0) > 0)
                #expect((witnesses["node_late"]?.double ?? 99) < allowed, "\(witnesses.text)")
                #expect(ChaosPlan.isSanitized || most <= Self.memoryBound, "\(most) MiB")
                process.send(signal: SIGTERM)
                #expect(try await process.exit(within: .seconds(60)) == .code(0))
            } catch {
                await process.stop(signal: SIGKILL)
                await backend.stop()
                let words = process.errors.pending.suffix(20).joined(separator: "\n")
                throw JobLedger.Wrong(description: "\(attack.name), seed \(ChaosPlan.seed): \(error)\n\(words)")
            }
            await backend.stop()
        }
    }

    /// Seconds that a job may be cut after its deadline.
    private var allowed: Double { ChaosPlan.allowance / .seconds(1) }
}
