import Glibc
import ProbeAgent

/// `probe-trespass WRITABLE CLOSED ATTEMPT`: hardens itself as a node does, then tries one thing. Prints `done`, or the
/// error number that it was refused with; dies where the attempt is deadly. `none` for an attempt that it does not know.
@main
struct ProbeTrespass {
    static func main() {
        let words = CommandLine.arguments.dropFirst()
        guard words.count == 3, let writable = words.first, let name = words.last else { exit(64) }
        let closed = words[words.startIndex + 1]
        let attempt = Attempt.all(writable: writable, closed: closed).first { $0.name == name }
        let report = Hardening.apply(HardeningPaths(write: [writable]))
        for measure in report.measures { print(measure.name, measure.state, separator: ": ") }
        fflush(nil)
        let result = attempt.map { $0.body() }
        print(result.map { $0 == 0 ? "done" : "\($0)" } ?? "none")
        fflush(nil)
        _exit(0)
    }
}
