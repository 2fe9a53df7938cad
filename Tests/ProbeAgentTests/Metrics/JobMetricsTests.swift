import Foundation
import ProbeMetrics
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

struct JobMetricsTests {
    private func result(
        _ tool: String, _ code: ErrorCode? = nil, queued: Duration = .zero, run: Duration = .zero
    ) -> ProbeResult {
        ProbeResult(
            tool: tool, target: "a", outcome: ProbeOutcome(failure: code.map { ProbeFailure(.connect, $0, "No.") }),
            queued: queued, run: run, finishedAt: WallTime(nanoseconds: 0))
    }

    private func count(_ metrics: JobMetrics, _ tool: String, _ code: String) -> Int? {
        metrics.counts.first { $0.tool == tool && $0.code == code }?.count
    }

    @Test func jobsAreCountedByToolAndCode() {
        let metrics = JobMetrics(tools: ["ping", "dns"])
        metrics.count(result("dns"), .run)
        metrics.count(result("dns"), .run)
        for code in ErrorCode.published { metrics.count(result("ping", code), .run) }
        metrics.count(result("nonsense", .unknownTool), .refused)
        metrics.count(result("dns", ErrorCode(rawValue: "made_up")), .run)
        #expect(count(metrics, "dns", "ok") == 2 && count(metrics, "ping", "ok") == 0)
        for code in ErrorCode.published { #expect(count(metrics, "ping", code.rawValue) == 1, "\(code)") }
        #expect(count(metrics, "unknown", "unknown_tool") == 1 && count(metrics, "dns", "other") == 1)
        #expect(metrics.counts.allSatisfy { $0.tool != "nonsense" }, "a backend can make no series")
    }

    @Test func timesAreOfThoseThatHadThem() {
        let metrics = JobMetrics(tools: ["ping"])
        metrics.count(result("ping", queued: .milliseconds(2), run: .seconds(2)), .run)
        metrics.count(result("ping", .deadlineExceeded, queued: .seconds(400)), .queued)
        metrics.count(result("ping", .queueFull), .refused)
        let (queue, run) = (metrics.queueTimes[0].snapshot, metrics.runTimes[0].snapshot)
        #expect(queue.counts.reduce(0, +) == 2 && queue.sum == 400.002 && queue.counts.last == 1)
        #expect(run.counts.reduce(0, +) == 1 && run.sum == 2)
    }

    /// Whatever a result may carry has its own series, and docs/failures.md knows it.
    @Test func thePublishedCodesAreThoseOfThePage() throws {
        let page = try String(contentsOfFile: Places.testFile("../docs/failures.md"), encoding: .utf8)
        let shown = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
            .compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
        #expect(Set(shown) == Set(ErrorCode.published.map(\.rawValue)))
    }

    @Test func manyThreadsLoseNothing() async {
        let metrics = JobMetrics(tools: ["ping"])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<1000 { metrics.count(self.result("ping", run: .milliseconds(1)), .run) } }
            }
        }
        #expect(count(metrics, "ping", "ok") == 4000)
        let times = metrics.runTimes[0].snapshot
        #expect(times.counts == [4000] + Array(repeating: 0, count: 15) && times.sum == 4)
    }
}
