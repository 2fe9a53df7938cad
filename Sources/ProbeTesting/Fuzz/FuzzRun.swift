import Foundation
import ProbeNative
import Synchronization

/// Feeds one decoder. Input `n` depends on the seed and on `n` alone, so that one that does harm can be made again.
public struct FuzzRun: Sendable {
    public struct Summary: Sendable {
        public var inputs = 0
        /// Those that the decoder could make something of.
        public var accepted = 0
        public var duration = Duration.zero
        public var slowest = Duration.zero
    }

    public let name: String
    private let accepts: @Sendable ([UInt8]) -> Bool
    private let mutator: FuzzMutator
    private let seed: UInt64

    /// One for each decoder of the node; those without a corpus are named in `missing`.
    public static func all(seed: UInt64) -> [FuzzRun] { Decoder.all.compactMap { FuzzRun($0, seed: seed) } }
    public static var missing: [String] {
        Decoder.all.map(\.name).filter { FuzzCorpus.mutator(for: $0) == nil }
    }

    init?(_ decoder: Decoder, seed: UInt64) {
        guard let mutator = FuzzCorpus.mutator(for: decoder.name) else { return nil }
        name = decoder.name
        accepts = decoder.accepts
        self.mutator = mutator
        self.seed = seed
    }

    /// For a decoder of a module that `Decoder.all` does not see.
    /// - Parameters:
    ///   - seeds: good inputs.
    ///   - words: pieces that mean something to it.
    ///   - accepts: true when the decoder could make something of the bytes.
    public init(
        _ name: String, seeds: [[UInt8]], words: [[UInt8]], seed: UInt64,
        accepts: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        self.name = name
        self.accepts = accepts
        mutator = FuzzMutator(seeds: seeds, words: words)
        self.seed = seed
    }

    /// Inputs a decoder in the tests: PROBEOPS_FUZZ_INPUTS, or 20,000.
    public static var testInputs: Int {
        ProcessInfo.processInfo.environment["PROBEOPS_FUZZ_INPUTS"].flatMap { Int($0) } ?? 20_000
    }

    public func input(_ number: Int) -> [UInt8] {
        var generator = FuzzGenerator(seed: seed &+ UInt64(truncatingIfNeeded: number) &* 0x2545_f491_4f6c_dd1d)
        return mutator.input(&generator)
    }

    /// - Parameter note: called with each number before its input is decoded, so that a watchdog knows which one it was.
    public func run(_ numbers: Range<Int>, note: (Int) -> Void = { _ in }) -> Summary {
        var summary = Summary()
        let started = ContinuousClock.now
        var before = started
        for number in numbers {
            note(number)
            if accepts(input(number)) { summary.accepted += 1 }
            let now = ContinuousClock.now
            summary.slowest = max(summary.slowest, now - before)
            before = now
        }
        summary.inputs = numbers.count
        summary.duration = before - started
        return summary
    }
}
