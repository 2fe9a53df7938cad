import Foundation
import ProbeTesting

/// How long and how random a run is. `make chaos` sets the variables; without them it is the short form of `make test`.
enum ChaosPlan {
    /// Times that each fault strikes.
    static let rounds = variable("PROBEOPS_CHAOS_ROUNDS") ?? 2
    /// Frames that the hostile backend sends.
    static let frames = variable("PROBEOPS_CHAOS_FRAMES") ?? 20_000
    /// Everything random follows from it, but not what the kernel's scheduler makes of it.
    static let seed = UInt64(variable("PROBEOPS_CHAOS_SEED") ?? 20_261_128)
    static let isLong = variable("PROBEOPS_CHAOS_ROUNDS") != nil

    /// What is granted beyond a law of the node: in CI the machine may stand still for as long as it likes.
    static let allowance: Duration = isLong && !isSanitized ? .seconds(5) : .seconds(60)
    /// The sanitizers' own memory hides the node's.
    static let isSanitized = ProcessInfo.processInfo.environment["PROBEOPS_SANITIZER"] != nil

    private static func variable(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    /// A generator for one fault: the same whichever faults run beside it.
    static func generator(_ name: String) -> FuzzGenerator {
        FuzzGenerator(seed: name.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
    }
}

extension FuzzGenerator {
    mutating func duration(_ milliseconds: ClosedRange<Int>) -> Duration {
        .milliseconds(Int.random(in: milliseconds, using: &self))
    }
}
