import Glibc
import ProbeTesting

/// Feeds every decoder of strangers' bytes with mutated inputs: none may crash or loop.
///
///     probe-fuzz [INPUTS] [DECODER] [--seed N] [--from N]
///
/// An input that does harm is named by its decoder and number; `probe-fuzz 1 DECODER --from NUMBER` makes it again.
@main
enum ProbeFuzz {
    static func main() {
        var words = Array(CommandLine.arguments.dropFirst())
        let seed = option("--seed", in: &words) ?? 20_260_101
        let first = option("--from", in: &words) ?? 0
        let count = words.compactMap { Int($0) }.first ?? 1_000_000
        let wanted = words.filter { Int($0) == nil }
        let runs = FuzzRun.all(seed: UInt64(truncatingIfNeeded: seed))
        if let unknown = wanted.first(where: { name in !runs.contains { $0.name == name } }) {
            print("probe-fuzz: there is no decoder \(unknown); there are \(runs.map(\.name).joined(separator: ", "))")
            exit(64)
        }
        guard FuzzRun.missing.isEmpty else {
            print("probe-fuzz: no inputs for \(FuzzRun.missing.joined(separator: ", "))")
            exit(70)
        }
        Watchdog.start()
        for (index, run) in runs.enumerated() where wanted.isEmpty || wanted.contains(run.name) {
            let summary = run.run(first..<(first + max(0, count))) { Watchdog.note(decoder: index, input: $0) }
            Watchdog.rest()
            print(line(run.name, summary))
            fflush(nil)
        }
    }

    private static func option(_ name: String, in words: inout [String]) -> Int? {
        guard let at = words.firstIndex(of: name), at + 1 < words.count, let value = Int(words[at + 1]) else {
            return nil
        }
        words.removeSubrange(at...(at + 1))
        return value
    }

    /// `whois: 1000000 inputs, 51234/s, 87% accepted, slowest 0.42 ms`
    private static func line(_ name: String, _ summary: FuzzRun.Summary) -> String {
        let seconds = summary.duration / .seconds(1)
        let rate = seconds > 0 ? Int(Double(summary.inputs) / seconds) : 0
        let share = summary.inputs > 0 ? summary.accepted * 100 / summary.inputs : 0
        let slowest = (summary.slowest / .milliseconds(1) * 100).rounded() / 100
        return "\(name): \(summary.inputs) inputs, \(rate)/s, \(share)% accepted, slowest \(slowest) ms"
    }
}
