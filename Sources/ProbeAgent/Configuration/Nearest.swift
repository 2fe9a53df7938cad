/// For "did you mean": the candidate that `word` is most likely a misspelling of.
package enum Nearest {
    /// Nil when nothing is near: more than a third of the letters would have to change.
    package static func match(_ word: String, among candidates: some Sequence<String>) -> String? {
        let scored = candidates.map { (candidate: $0, distance: distance(word.lowercased(), $0.lowercased())) }
        guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, max(word.count, best.candidate.count) / 3) ? best.candidate : nil
    }

    /// The sentence's end: "; did you mean X?" or nothing.
    package static func hint(_ word: String, among candidates: some Sequence<String>) -> String {
        match(word, among: candidates).map { "; did you mean \($0)?" } ?? "."
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    private static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.prefix(64)), Array(b.prefix(64)))
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var rows = [Array(0...b.count)]
        for i in 1...a.count {
            var row = [i]
            for j in 1...b.count {
                var cost = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = min(cost, rows[i - 2][j - 2] + 1) }
                row.append(cost)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
