import ProbeTesting
import Testing

@testable import ProbeNative

/// Parks until something ends it; `deaf` ignores its cancellation for a while.
private struct ParkingTool: Tool {
    let name = "park"
    let summary = "waits"
    var deaf = false
    func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) {}
    func run(_ target: Host, _ parameters: Void, in context: ProbeContext) async -> ProbeOutcome {
        repeat {
            let reason = await context.reactor.park(until: context.deadline + .seconds(3600))
            if reason == .timeout { return ProbeOutcome() }
            await Task.yield()
        } while deaf && context.reactor.now < context.deadline + .seconds(3000)
        return ProbeOutcome(failure: .cancelled(.response))
    }
}

private struct FamilyTool: Tool {
    let name = "family"
    let summary = "says its family"
    struct Said: Report {
        var family: String
        func write(to writer: inout some ReportWriter) { writer.field("family", family) }
    }
    func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> Int {
        reader.integer("count", default: 4, in: 1...100, help: "how many")
    }
    func run(_ target: Host, _ parameters: Int, in context: ProbeContext) async -> ProbeOutcome {
        ProbeOutcome(
            Said(family: context.family.rawValue),
            failure: context.family == .v6 ? ProbeFailure(.resolve, .noAddress, "none") : nil)
    }
}

@Suite struct EngineTests {
    @Test func aProbeIsCutAtItsDeadline() async throws {
        let time = ManualTime()
        let engine = try Engine(configuration(time), registry: ToolRegistry([ParkingTool()]))
        defer { engine.stop() }
        let probe = try ParkingTool().prepare(target: "127.0.0.1")
        let result = await withCheckedContinuation { continuation in
            engine.start(probe, deadline: time.now + .seconds(5)) { continuation.resume(returning: $0) }
            time.advance(by: .seconds(5))
        }
        #expect(result.outcome.failure?.code == .deadlineExceeded)
        #expect(result.outcome.failure?.isMeasurement == true)
    }

    @Test func stoppingGivesItsReason() async throws {
        for (reason, code) in [(StopReason.cancelled, ErrorCode.cancelled), (.shutdown, .shuttingDown)] {
            let engine = try Engine(configuration(), registry: ToolRegistry([]))
            defer { engine.stop() }
            let probe = try ParkingTool().prepare(target: "127.0.0.1")
            let result = await withCheckedContinuation { continuation in
                let running = engine.start(probe, deadline: engine.time.now + .seconds(60)) {
                    continuation.resume(returning: $0)
                }
                running.stop(reason)
            }
            #expect(result.outcome.failure?.code == code)
        }
    }

    @Test func bothFamiliesRunSideBySide() async throws {
        let engine = try Engine(configuration(), registry: ToolRegistry([]))
        defer { engine.stop() }
        let probe = try FamilyTool().prepare(target: "example.com", parameters: [.init("ip_version", .string("both"))])
        let result = await engine.run(probe)
        let both = try #require(result.outcome.report as? SideBySide)
        #expect((both.v4.report as? FamilyTool.Said)?.family == "4")
        #expect((both.v6.report as? FamilyTool.Said)?.family == "6")
        #expect(result.outcome.failure?.code == .noAddress)
    }

    @Test func parametersAreCheckedAndTheIgnoredOnesListed() throws {
        let probe = try FamilyTool().prepare(
            target: "example.com",
            parameters: [.init("zebra", .null), .init("count", .integer(7)), .init("ant", .bool(true))])
        #expect(probe.ignoredParameters == ["ant", "zebra"])
        for bad: ParameterValue in [.integer(0), .integer(101), .number(2.5), .string("x"), .bool(true), .array([])] {
            let error = #expect(throws: InvalidInput.self) {
                try FamilyTool().prepare(target: "example.com", parameters: [.init("count", bad)])
            }
            #expect(error?.detail.contains("count must be a whole number from 1 to 100") == true)
        }
    }

    @Test func declarationsListEachParameterOnce() {
        let names = FamilyTool().declarations.map(\.name)
        #expect(names == ["count", "ip_version", "timeout", "source"])
    }

    private func configuration(_ time: any TimeSource = SystemTime()) -> EngineConfiguration {
        var configuration = EngineConfiguration()
        configuration.reactors = 1
        configuration.time = time
        return configuration
    }
}
