import Testing

@testable import ProbeNative

@Suite struct PingReportTests {
    private func statistics(_ milliseconds: Double...) -> RoundTripStatistics {
        RoundTripStatistics(milliseconds.map { .milliseconds($0) })
    }

    @Test func statisticsFollowTheirDefinitions() throws {
        let four = statistics(10, 20, 40, 10)
        #expect(four.minimum == 10 && four.maximum == 40 && four.average == 20)
        #expect(four.median == 15)
        // |20-10|, |40-20|, |10-40|
        #expect(four.jitter == 20)
        #expect(try abs(#require(four.deviation) - 150.0.squareRoot()) < 1e-9)
        #expect(statistics(3, 1, 2).median == 2)
    }

    @Test func tooFewValuesGiveNone() {
        let none = statistics()
        #expect(none.minimum == nil && none.average == nil && none.median == nil && none.jitter == nil)
        let one = statistics(5)
        #expect(one.average == 5 && one.deviation == 0 && one.jitter == nil)
    }

    @Test func lossCountsWhatLeftTheNode() {
        var report = PingReport(engine: "liboping", transport: .icmp)
        #expect(report.loss == nil)
        for (seq, status) in [PingReport.Packet.Status.reply, .timeout, .sendError, .unreachable, .reply].enumerated() {
            report.packets.append(.init(seq: seq + 1, status: status))
        }
        #expect(report.sent == 4 && report.received == 2 && report.loss == 50)
    }
}
