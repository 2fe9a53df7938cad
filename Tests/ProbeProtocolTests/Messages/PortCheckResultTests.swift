import ProbeTesting
import Testing

@testable import ProbeNative
@testable import ProbeProtocol

@Suite struct PortCheckResultTests {
    private func report(_ states: [(ClosedRange<UInt16>, PortVerdict)]) -> PortCheckReport {
        var reader = ParameterReader([.init("ports", .string("1-65535"))])
        var report = PortCheckReport(PortCheckParameters(&reader))
        for (ports, verdict) in states {
            report.findings += ports.map { PortFinding($0, verdict, roundTrip: .microseconds(50)) }
        }
        report.sort()
        return report
    }

    private func encoded(_ report: PortCheckReport, limit: Int) throws -> JSONValue {
        let result = ProbeResult(
            tool: "port_check", target: "192.0.2.1", outcome: ProbeOutcome(report),
            finishedAt: WallTime(nanoseconds: 0))
        let bytes = JobResult(requestID: "r", result: result).encoded(limit: limit)
        #expect(bytes.count <= limit)
        return try #require(try JSONValue(parsing: String(decoding: bytes, as: UTF8.self))["result"])
    }

    private let closed = PortVerdict(state: .closed, reason: .reset)
    private let open = PortVerdict(state: .open, reason: .synAck)

    @Test func theMajorityGivesWayInALargeResult() throws {
        let report = report([(1...21, closed), (22...22, open), (23...19999, closed), (20000...20000, .silent)])
        let result = try encoded(report, limit: 300_000)
        #expect(result["truncated_fields"]?[0]?.string == "ports")
        #expect(result["ports"]?.array?.compactMap { $0["port"]?.int } == [22, 20000])
        #expect(result["ports"]?[0]?["service"]?.string == "ssh")
        #expect(result["ports_left_out"]?[0]?["state"]?.string == "closed")
        #expect(result["ports_left_out"]?[0]?["ports"]?.string == "1-21,23-19999")
        #expect(result["open"]?.int == 1 && result["closed"]?.int == 19998 && result["filtered"]?.int == 1)
    }

    @Test func withRoomEnoughNothingGoes() throws {
        let result = try encoded(report([(1...500, closed), (501...501, open)]), limit: 1 << 20)
        #expect(result["ports"]?.array?.count == 501 && result["truncated_fields"] == nil)
    }

    @Test func thenAllButTheOpenOnesAndThenThoseToo() throws {
        let many = report([(1...6000, closed), (6001...11000, .silent), (11001...11100, open)])
        let result = try encoded(many, limit: 200_000)
        #expect(result["ports"]?.array?.count == 100)
        #expect(result["ports_left_out"]?.array?.compactMap { $0["state"]?.string } == ["closed", "filtered"])
        let none = try encoded(report([(1...3000, closed), (3001...6000, open)]), limit: 20_000)
        #expect(none["ports"]?.array?.isEmpty == true)
        #expect(none["ports_left_out"]?.array?.count == 2)
    }

    @Test func progressHasTheCountsAndTheOpenPorts() throws {
        let report = report([(1...21, closed), (22...22, open)])
        let bytes = JSONWriter.object(PortProgress(report))
        let progress = try JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
        #expect(progress["done"]?.int == 22 && progress["total"]?.int == 65535)
        #expect(progress["ports"]?.array?.compactMap { $0["port"]?.int } == [22])
    }
}
