import Testing

@testable import ProbeNative

/// mtr's plan, played without network or clock.
@Suite struct MTRPlanTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)

    static func parameters(_ members: [ParameterValue.Member] = []) -> TraceParameters {
        var reader = ParameterReader(members)
        return TraceParameters(&reader) { _ in }
    }

    static func answer(_ address: String, ms: Double = 10, kind: TraceAnswer.Kind = .router) -> TraceAnswer {
        TraceAnswer(kind: kind, from: IPAddress(address) ?? IPAddress(v4: 0), rtt: .milliseconds(ms))
    }

    private func plan(cycles: Int, flows: Int = 1) -> MTRPlan {
        MTRPlan(Self.parameters(), cycles: cycles, interval: .seconds(1), flows: flows, start: Self.start)
    }

    /// Sends all that the plan wants to send at `now`.
    private func sends(_ plan: inout MTRPlan, at now: Instant) -> (probes: [TraceProbe], then: TraceStep) {
        var probes: [TraceProbe] = []
        while true {
            let step = plan.next(at: now)
            guard case .send(let probe) = step else { return (probes, step) }
            probes.append(probe)
        }
    }

    private func settle(_ plan: inout MTRPlan, _ probes: [TraceProbe], target: Int) {
        for probe in probes {
            plan.answered(
                probe,
                Self.answer(
                    "192.0.2.\(min(probe.hop, target))", kind: probe.hop >= target ? .target : .router))
        }
    }

    @Test func cyclesKeepTheirInterval() {
        var plan = plan(cycles: 3)
        let first = sends(&plan, at: Self.start)
        #expect(first.probes.allSatisfy { $0.round == 0 })
        settle(&plan, first.probes, target: 3)
        // The length is known, the second cycle is due a second after the first one's beginning.
        let pause = sends(&plan, at: Self.start + .milliseconds(300.0))
        #expect(pause.probes.isEmpty && pause.then == .wait(until: Self.start + .seconds(1)))
        let second = sends(&plan, at: Self.start + .seconds(1))
        #expect(second.probes.map(\.hop) == [1, 2, 3])
        // Nothing has come for it yet: the third begins all the same.
        let third = sends(&plan, at: Self.start + .seconds(2))
        #expect(third.probes.map(\.hop) == [1, 2, 3] && third.probes.allSatisfy { $0.round == 2 })
        #expect(plan.finishedCycles == 1)
        settle(&plan, third.probes, target: 3)
        #expect(plan.finishedCycles == 1)
        settle(&plan, second.probes, target: 3)
        #expect(plan.finishedCycles == 3)
        #expect(plan.next(at: Self.start + .seconds(2)) == .done)
    }

    @Test func theFirstCycleFindsTheLength() {
        var plan = plan(cycles: 2)
        let first = sends(&plan, at: Self.start)
        // Late or not: before the length is known there is no second cycle.
        let waiting = sends(&plan, at: Self.start + .seconds(5))
        #expect(waiting.probes.isEmpty && waiting.then == .wait(until: nil))
        for probe in first.probes { plan.silent(probe) }
        // A gap from the first hop on: still, hop 1 is asked again.
        let second = sends(&plan, at: Self.start + .seconds(5))
        #expect(second.probes.map(\.hop) == [1])
        let report = Self.report(of: plan)
        #expect(report.hops.map(\.hop) == [1])
        #expect(!report.isReached)
    }

    @Test func aMissedDueTimeMakesNoBurst() {
        var plan = plan(cycles: 5)
        settle(&plan, sends(&plan, at: Self.start).probes, target: 2)
        // The machine slept: one cycle now, the next one an interval later.
        let late = sends(&plan, at: Self.start + .seconds(10))
        #expect(Set(late.probes.map(\.round)) == [1])
        #expect(late.then == .wait(until: Self.start + .seconds(11)))
    }

    @Test func eachFlowHasItsOwnLength() {
        var plan = plan(cycles: 2, flows: 2)
        var open = sends(&plan, at: Self.start).probes
        // Answers let the window go on.
        while !open.isEmpty {
            for probe in open {
                let target = probe.flow == 0 ? 3 : 5
                plan.answered(probe, Self.answer("192.0.2.1", kind: probe.hop >= target ? .target : .router))
            }
            open = sends(&plan, at: Self.start).probes
        }
        let second = sends(&plan, at: Self.start + .seconds(1)).probes
        #expect(second.filter { $0.flow == 0 }.map(\.hop) == [1, 2, 3])
        #expect(second.filter { $0.flow == 1 }.map(\.hop) == [1, 2, 3, 4, 5])
    }

    static func report(of plan: MTRPlan) -> MTRReport {
        var report = MTRReport(parameters: parameters(), cycles: 1, flows: plan.samples.flows)
        report.samples = plan.samples
        return report
    }
}
