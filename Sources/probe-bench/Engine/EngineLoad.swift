import Dispatch
import ProbeNative
import ProbeProtocol
import Synchronization

/// Keeps a window of jobs in the engine: each that ends starts the next, on the thread where it ended.
final class EngineLoad: Sendable {
    struct Tally: Encodable {
        var concurrency: Int
        var jobs: Int
        var seconds: Double
        var jobsPerSecond: Double
        var cpuMicrosecondsPerJob: Double
        var contextSwitchesPerJob: Double
        /// From the start of preparing a job to its completion, in milliseconds.
        var turnaround: Distribution.Summary?
        var wrong: Int
        var wrongExample: String?
    }

    private struct State {
        var turnaround = Distribution()
        var finished = 0
        var lastEnd = Instant(nanoseconds: 0)
        var wrong = 0
        var wrongExample: String?
    }

    /// Each job must succeed; one in so many is written out and its text compared, which costs as much as the job.
    private static let inspected = 64

    private let engine: Engine
    private let tool: any Tool
    private let template: JobTemplate
    private let window: Int
    private let jobs: Int
    private let seconds: Double
    private let clock = SystemTime()
    private let started = Atomic<Int>(0)
    private let end: Atomic<Int64>
    private let running = Atomic<Int>(0)
    private let done = DispatchSemaphore(value: 0)
    private let state = Locked(State())

    init(_ engine: Engine, _ template: JobTemplate, window: Int, jobs: Int, seconds: Double) throws(InvalidInput) {
        guard let tool = engine.registry[template.kind.tool] else {
            throw InvalidInput("There is no tool \(template.kind.tool).", code: .unknownTool)
        }
        self.engine = engine
        self.tool = tool
        self.template = template
        self.window = window
        self.jobs = jobs
        self.seconds = seconds
        end = Atomic(.max)
    }

    /// Blocks until all are done.
    func run() -> Tally {
        let before = ProcessUsage.now
        let begin = clock.now
        end.store((begin + .seconds(fromDouble: seconds)).nanoseconds, ordering: .relaxed)
        // One more than there are chains, so that no early end is taken for the last.
        running.store(1, ordering: .relaxed)
        for _ in 0..<min(window, jobs) {
            running.wrappingAdd(1, ordering: .relaxed)
            startNext()
        }
        endChain()
        done.wait()
        let after = ProcessUsage.now
        return state.withLock { state in
            let seconds = (state.lastEnd - begin).inSeconds
            let count = Double(max(1, state.finished))
            return Tally(
                concurrency: window, jobs: state.finished, seconds: seconds, jobsPerSecond: count / seconds,
                cpuMicrosecondsPerJob: (after.cpu - before.cpu) / count,
                contextSwitchesPerJob: Double(after.contextSwitches - before.contextSwitches) / count,
                turnaround: state.turnaround.summary, wrong: state.wrong, wrongExample: state.wrongExample)
        }
    }

    private func startNext() {
        let number = started.wrappingAdd(1, ordering: .relaxed).oldValue
        let now = clock.now
        guard number < jobs, now.nanoseconds < end.load(ordering: .relaxed) else { return endChain() }
        do {
            let job = try template.job(number)
            let probe = try tool.prepare(target: job.target, parameters: job.parameters)
            let timeout = job.timeout.map { Duration.seconds(fromDouble: $0) } ?? probe.defaultTimeout
            engine.start(probe, deadline: now + timeout) { [self] result in
                finish(number, result, begin: now)
                startNext()
            }
        } catch {
            state.withLock { state in
                state.wrong += 1
                state.wrongExample = "\(error)"
            }
            endChain()
        }
    }

    private func endChain() {
        if running.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 { done.signal() }
    }

    private func finish(_ number: Int, _ result: ProbeResult, begin: Instant) {
        let now = clock.now
        let isWrong = result.outcome.failure != nil || (number % Self.inspected == 0 && !isExpected(result))
        state.withLock { state in
            state.turnaround.add((now - begin).inMilliseconds)
            state.finished += 1
            state.lastEnd = max(state.lastEnd, now)
            guard isWrong else { return }
            state.wrong += 1
            if state.wrongExample == nil { state.wrongExample = String(decoding: Self.text(result), as: UTF8.self) }
        }
    }

    private func isExpected(_ result: ProbeResult) -> Bool {
        Self.text(result).withUnsafeBytes { bytes in template.expected.allSatisfy(AnswerText(bytes).contains) }
    }

    private static func text(_ result: ProbeResult) -> [UInt8] {
        JobResult(requestID: "0-0", result: result).encoded(limit: 1 << 20)
    }
}
