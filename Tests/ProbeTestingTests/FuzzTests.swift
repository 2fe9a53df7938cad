import Foundation
import ProbeTesting
import Testing

/// The short form of `make fuzz`.
@Suite struct FuzzTests {
    private static let inputs = FuzzRun.testInputs

    @Test func everyDecoderHasACorpus() {
        #expect(FuzzRun.missing.isEmpty)
        #expect(FuzzRun.all(seed: 1).count >= 8)
    }

    @Test(arguments: FuzzRun.all(seed: 0x5eed))
    func noInputCrashesOrLoops(_ run: FuzzRun) {
        let summary = run.run(0..<Self.inputs)
        #expect(summary.inputs == Self.inputs)
        // Inputs that are all refused at the door prove nothing.
        #expect(summary.accepted > Self.inputs / 50, "\(summary)")
    }

    @Test func inputsCanBeMadeAgain() throws {
        let (first, second) = (FuzzRun.all(seed: 7), FuzzRun.all(seed: 7))
        for (one, other) in zip(first, second) { #expect(one.input(4711) == other.input(4711)) }
        let others = FuzzRun.all(seed: 8)
        #expect(zip(first, others).contains { $0.input(4711) != $1.input(4711) })
    }
}

extension FuzzRun: CustomTestStringConvertible {
    public var testDescription: String { name }
}
