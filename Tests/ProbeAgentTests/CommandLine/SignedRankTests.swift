import Testing

@testable import probe_agent

struct SignedRankTests {
    /// Against all signs that the differences can have when only chance gave them theirs (the test's definition).
    @Test(arguments: [6, 8, 10]) func theIntervalIsExact(count: Int) throws {
        let sizes = (1...count).map { Double($0 * $0) }
        let risk = 0.07
        var missed = 0
        for signs in 0..<(1 << count) {
            let differences = sizes.enumerated().map { signs >> $0.offset & 1 == 1 ? $0.element : -$0.element }
            let test = try #require(SignedRank(differences, risk: risk))
            #expect(test.low <= test.estimate && test.estimate <= test.high)
            if test.isDifferent { missed += 1 }
        }
        let share = Double(missed) / Double(1 << count)
        // Of the discrete levels the largest that is allowed.
        #expect(share <= risk && share > risk / 3, "\(share)")
    }

    @Test func tooFewPairsTellNothing() {
        #expect(SignedRank([], risk: 0.05) == nil)
        // 2 / 2^5 > 0.05.
        #expect(SignedRank([1, 2, 3, 4, 5], risk: 0.05) == nil)
        #expect(SignedRank([1, 2, 3, 4, 5, 6], risk: 0.05)?.isDifferent == true)
    }

    /// R: wilcox.test(c(1.83,.5,1.62,2.48,1.68,1.88,1.55,3.06,1.3), c(.878,.647,.598,2.05,1.06,1.29,1.06,3.14,1.29),
    /// paired = TRUE, conf.int = TRUE), the example of its manual: 0.46, from 0.01 to 0.786.
    @Test func anExampleThatIsKnown() throws {
        let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
        let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
        let test = try #require(SignedRank(zip(before, after).map { $0 - $1 }, risk: 0.05))
        #expect(
            abs(test.estimate - 0.46) < 1e-9 && abs(test.low - 0.01) < 1e-9 && abs(test.high - 0.786) < 1e-9, "\(test)")
    }

    @Test func oneOutlierMovesLittle() throws {
        var differences = [5.1, 4.9, 5.2, 5.0, 4.8, 5.3, 5.05, 4.95, 5.15, 4.85]
        let calm = try #require(SignedRank(differences, risk: 0.05))
        differences[3] = 5000
        let wild = try #require(SignedRank(differences, risk: 0.05))
        #expect(calm.isDifferent && wild.isDifferent && abs(wild.estimate - calm.estimate) < 0.2)
    }

    @Test func quantilesAreBetweenTheNearest() {
        #expect(Quantile.of(sorted: [1, 2, 3, 4], 0.5) == 2.5 && Quantile.of(sorted: [7], 0.9) == 7)
        #expect(Quantile.of(sorted: [0, 10], 0.9) == 9 && Quantile.of(sorted: [], 0.5).isNaN)
    }
}
