import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

struct AuditLogTests {
    private func result(_ target: String, _ failure: ProbeFailure? = nil) -> ProbeResult {
        ProbeResult(
            tool: "ping", target: target,
            outcome: ProbeOutcome(failure: failure, resolvedAddress: failure == nil ? IPAddress("192.0.2.1") : nil),
            ignoredParameters: [], queued: .zero, run: .milliseconds(1500.0),
            finishedAt: WallTime(nanoseconds: 1_767_225_600_000_000_000))
    }

    @Test func aLineAJobInOrderAppended() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("{\"old\":1}\n", to: "audit")
        let log = try AuditLog(path: path)
        log.record("before the thread", result("a"))
        try log.start()
        log.record("r\"2", result("b", ProbeFailure(.policy, .policyDenied, "No.")))
        log.record("r3", result("c", ProbeFailure(.response, .noReply, "Nobody.")))
        await log.finish()
        await log.finish()
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(
            lines == [
                #"{"old":1}"#,
                #"{"time":"2026-01-01T00:00:00.000Z","request_id":"before the thread","tool":"ping","target":"a","#
                    + #""address":"192.0.2.1","verdict":"allowed","code":null,"reason":null,"run_ms":1500}"#,
                #"{"time":"2026-01-01T00:00:00.000Z","request_id":"r\"2","tool":"ping","target":"b","#
                    + #""address":null,"verdict":"denied","code":"policy_denied","reason":"No.","run_ms":1500}"#,
                #"{"time":"2026-01-01T00:00:00.000Z","request_id":"r3","tool":"ping","target":"c","#
                    + #""address":null,"verdict":"allowed","code":"no_reply","reason":null,"run_ms":1500}"#,
            ], "\(lines)")
        #expect(log.lost == 0)
    }

    @Test func whatAFullDiskDoesNotTakeIsCounted() async throws {
        let log = try AuditLog(path: "/dev/full")
        try log.start()
        for number in 1...5 { log.record("\(number)", result("a")) }
        await log.finish()
        #expect(log.lost == 5)
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "\(SmallDisk.unavailableReason)"))
    func aLineThatADiskTookInPartSpoilsNoOther() async throws {
        let disk = try SmallDisk(bytes: 1 << 16)
        defer { disk.remove() }
        let log = try AuditLog(path: disk.path + "/audit")
        // One page is left.
        let filler = disk.path + "/filler"
        #expect(FileManager.default.createFile(atPath: filler, contents: Data(count: (1 << 16) - 4096)))
        try log.start()
        log.record("torn", result(String(repeating: "x", count: 6000)))
        while log.lost == 0 { await Task.yield() }
        try FileManager.default.removeItem(atPath: filler)
        log.record("whole", result("b"))
        await log.finish()
        #expect(log.lost == 1)
        let lines = try String(contentsOfFile: disk.path + "/audit", encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 2 && lines[0].utf8.count == 4096)
        #expect(try JSONValue(parsing: String(lines[lines.count - 1]))["request_id"]?.string == "whole")
    }

    @Test func whatWaitsIsBounded() throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(path: folder.file("audit"))
        let target = String(repeating: "x", count: 1 << 20)
        for number in 1...20 { log.record("\(number)", result(target)) }
        #expect(log.lost == 13)
    }

    @Test func aFileThatCannotBeOpenedIsOneSentence() throws {
        let error = #expect(throws: ConfigurationError.self) { try AuditLog(path: "/nowhere/audit") }
        #expect(
            "\(try #require(error))" == "The audit log /nowhere/audit cannot be written: No such file or directory.")
    }
}
