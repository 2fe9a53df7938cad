import ProbeNative
import Testing

@testable import ProbeAgent

struct CheckStateTests {
    /// Feeds verdicts: `+` ok, `-` failed, `?` unmeasured. Returns the conditions after each, a change in capitals.
    private func run(_ verdicts: String, failAfter: Int, recoverAfter: Int) -> String {
        var state = CheckState()
        var shown = ""
        for (second, verdict) in verdicts.enumerated() {
            let hasChanged = state.take(
                ["+": .ok, "-": .failed][verdict] ?? .unmeasured,
                .init(failAfter: failAfter, recoverAfter: recoverAfter), at: WallTime(nanoseconds: Int64(second)))
            let letter = [CheckState.Condition.pending: "p", .ok: "o", .failing: "f"][state.condition] ?? ""
            shown += hasChanged ? letter.uppercased() : letter
        }
        return shown
    }

    @Test(arguments: [
        ("+++", 1, 1, "ooo"),
        ("-", 1, 1, "F"),
        ("+-+", 1, 1, "oFO"),
        ("--+-", 3, 1, "ppoo"),
        ("---", 3, 1, "ppF"),
        ("+--+---", 3, 1, "ooooooF"),
        ("-+-++", 1, 2, "FfffO"),
        // What was not measured says nothing.
        ("?", 1, 1, "p"),
        ("+-?-?-", 3, 1, "oooooF"),
        ("-?+?+", 1, 2, "FfffO"),
    ])
    func changesAfterItsThresholds(_ verdicts: String, _ failAfter: Int, _ recoverAfter: Int, _ expected: String) {
        #expect(run(verdicts, failAfter: failAfter, recoverAfter: recoverAfter) == expected)
    }

    @Test func whatTheNodeCouldNotMeasureIsNotTheTargetsFault() {
        #expect(CheckResult.Verdict(nil) == .ok)
        #expect(CheckResult.Verdict(.deadline(.connect)) == .failed)
        #expect(CheckResult.Verdict(ProbeFailure(.queue, .queueFull, "")) == .unmeasured)
        #expect(CheckResult.Verdict(ProbeFailure(.policy, .policyDenied, "")) == .unmeasured)
    }
}

struct TimeWindowTests {
    @Test(arguments: [
        ("08:00-18:00", 2, 8 * 60, true), ("08:00-18:00", 2, 18 * 60, false), ("08:00-18:00", 6, 479, false),
        ("mon-fri 08:00-18:00", 4, 600, true), ("mon-fri 08:00-18:00", 5, 600, false),
        ("sat,sun 00:00-24:00", 6, 1439, true), ("fri-mon 10:00-11:00", 0, 600, true),
        ("fri-mon 10:00-11:00", 1, 600, false),
        // Past midnight it belongs to the day before.
        ("fri 22:00-06:00", 4, 1350, true), ("fri 22:00-06:00", 5, 359, true), ("fri 22:00-06:00", 5, 1350, false),
        ("fri 22:00-06:00", 4, 300, false), ("sun 22:00-06:00", 0, 10, true),
    ])
    func contains(_ text: String, _ day: Int, _ minute: Int, _ isIn: Bool) throws {
        #expect(try #require(TimeWindow(text)).contains(day: day, minute: minute) == isIn)
    }

    @Test(arguments: [
        "", "8:00-18:00", "08:00", "08:00-08:00", "08:00-24:01", "24:00-08:00", "08:60-09:00", "mon", "mon 08:00 18:00",
        "mon-tue-wed 08:00-09:00", "08:00-18:00 mon", "-- 08:00-09:00", "08:00-1８:00",
    ])
    func refuses(_ text: String) { #expect(TimeWindow(text) == nil) }
}
