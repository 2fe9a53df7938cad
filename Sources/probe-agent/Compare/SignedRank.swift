/// How two series of pairs differ, by Wilcoxon's signed ranks: no shape of the noise is assumed, and a few outliers move
/// nothing. The estimate is Hodges and Lehmann's (the median of the means of all pairs of differences), its interval
/// the exact one of the signed-rank distribution.
struct SignedRank: Equatable {
    /// Of the typical difference, second less first.
    var estimate: Double
    var low: Double
    var high: Double

    /// Whether noise alone does not explain the difference.
    var isDifferent: Bool { low > 0 || high < 0 }

    /// - Parameters:
    ///   - differences: of the pairs.
    ///   - risk: how often an interval may miss the truth.
    /// - Returns: nil for too few pairs: no outcome at all would be so rare.
    init?(_ differences: [Double], risk: Double) {
        let count = differences.count
        guard count > 0, let rank = Self.rank(count, risk) else { return nil }
        var means: [Double] = []
        means.reserveCapacity(count * (count + 1) / 2)
        for first in differences.indices {
            for second in first..<count { means.append((differences[first] + differences[second]) / 2) }
        }
        means.sort()
        estimate = Quantile.of(sorted: means, 0.5)
        low = means[rank - 1]
        high = means[means.count - rank]
    }

    /// The largest k with P(W < k) <= risk / 2, where W is the sum of the positive ranks when there is no difference.
    private static func rank(_ count: Int, _ risk: Double) -> Int? {
        // Of the 2^count signs, those that come to each sum; as probabilities, so that nothing overflows.
        var chances = [1.0]
        for rank in 1...count {
            var next = [Double](repeating: 0, count: chances.count + rank)
            for (sum, chance) in chances.enumerated() {
                next[sum] += chance / 2
                next[sum + rank] += chance / 2
            }
            chances = next
        }
        var (below, rank) = (0.0, 0)
        while rank < chances.count, below + chances[rank] <= risk / 2 {
            below += chances[rank]
            rank += 1
        }
        return rank > 0 ? rank : nil
    }
}

enum Quantile {
    /// Between the two nearest values by their distance (type 7 of Hyndman and Fan).
    static func of(sorted values: [Double], _ part: Double) -> Double {
        guard let last = values.last else { return .nan }
        let place = part * Double(values.count - 1)
        let index = Int(place)
        guard index + 1 < values.count else { return last }
        return values[index] + (place - Double(index)) * (values[index + 1] - values[index])
    }
}
