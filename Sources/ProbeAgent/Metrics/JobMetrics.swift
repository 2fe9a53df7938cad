import ProbeMetrics
import ProbeNative

/// What became of the node's jobs, by tool and code, and how long they took. Told for each job from any thread, so all
/// of its memory is made once and nothing is locked.
public final class JobMetrics: Sendable {
    /// Of a job whose tool this node does not have.
    static let unknownTool = "unknown"
    /// Of a job without a failure.
    static let success = "ok"
    /// Of a failure whose code is not published; there should be none.
    static let otherCode = "other"

    let tools: [String]
    let codes: [String]
    private let codeIndices: [ErrorCode: Int]
    /// `codes.count` for each tool.
    private let jobs: Counters
    let queueTimes: [Histogram]
    let runTimes: [Histogram]

    init(tools names: [String]) {
        tools = names + [Self.unknownTool]
        codes = [Self.success] + ErrorCode.published.map(\.rawValue) + [Self.otherCode]
        codeIndices = Dictionary(uniqueKeysWithValues: zip(ErrorCode.published, 1...))
        jobs = Counters(tools.count * codes.count)
        queueTimes = tools.map { _ in Histogram(Histogram.jobTimes) }
        runTimes = tools.map { _ in Histogram(Histogram.jobTimes) }
    }

    /// How a job ended for the node.
    enum Way {
        /// The node refused it as it came.
        case refused
        /// It waited for a slot and got none.
        case queued
        case run
    }

    /// - Parameter way: of a refused job no times are kept, of a queued one that of its waiting.
    func count(_ result: ProbeResult, _ way: Way) {
        let tool = tools.firstIndex(of: result.tool) ?? tools.count - 1
        let code = result.outcome.failure.map { codeIndices[$0.code] ?? codes.count - 1 } ?? 0
        jobs.add(at: tool * codes.count + code)
        guard way != .refused else { return }
        queueTimes[tool].observe(nanoseconds: Int(result.queued.wholeNanoseconds))
        if way == .run { runTimes[tool].observe(nanoseconds: Int(result.run.wholeNanoseconds)) }
    }

    /// Jobs answered so far, or refused without an answer; those that there were, and a zero for the success of each tool.
    public var counts: [(tool: String, code: String, count: Int)] {
        var counts: [(tool: String, code: String, count: Int)] = []
        for (toolIndex, tool) in tools.enumerated() {
            for (codeIndex, code) in codes.enumerated() {
                let count = jobs[toolIndex * codes.count + codeIndex]
                if count > 0 || (codeIndex == 0 && tool != Self.unknownTool) { counts.append((tool, code, count)) }
            }
        }
        return counts
    }
}
