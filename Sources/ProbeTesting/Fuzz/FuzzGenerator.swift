/// SplitMix64: small, seeded, and the same on every machine.
public struct FuzzGenerator: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// From 0 to below `limit`, which is at least 1.
    mutating func below(_ limit: Int) -> Int { Int(truncatingIfNeeded: next() >> 1) % limit }
}

/// Makes inputs out of good ones: most of them go wrong in one or two places, so that they get past the first checks.
struct FuzzMutator {
    let seeds: [[UInt8]]
    /// Pieces that mean something to the decoder.
    let words: [[UInt8]]

    private static let longest = 4096
    private static let edges: [UInt8] = [0, 1, 0x0a, 0x20, 0x3f, 0x7f, 0x80, 0xc0, 0xff]

    func input(_ generator: inout FuzzGenerator) -> [UInt8] {
        // Now and then there is no good one behind it.
        if generator.below(32) == 0 {
            return (0..<generator.below(200)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        }
        var bytes = seeds[generator.below(seeds.count)]
        for _ in 0..<(1 + generator.below(4) * generator.below(3)) { change(&bytes, &generator) }
        if bytes.count > Self.longest { bytes.removeLast(bytes.count - Self.longest) }
        return bytes
    }

    private func change(_ bytes: inout [UInt8], _ generator: inout FuzzGenerator) {
        guard !bytes.isEmpty else {
            bytes.append(UInt8(truncatingIfNeeded: generator.next()))
            return
        }
        let at = generator.below(bytes.count)
        switch generator.below(10) {
        case 0: bytes[at] ^= 1 << UInt8(generator.below(8))
        case 1: bytes[at] = UInt8(truncatingIfNeeded: generator.next())
        case 2: bytes[at] = Self.edges[generator.below(Self.edges.count)]
        case 3: bytes[at] &+= generator.below(2) == 0 ? 1 : 255
        case 4: bytes.removeSubrange(at..<min(bytes.count, at + 1 + generator.below(8)))
        case 5: bytes.insert(Self.edges[generator.below(Self.edges.count)], at: at)
        case 6: bytes.removeLast(bytes.count - at)
        case 7:
            // A piece of it again, elsewhere: loops, repeated members, nested lists.
            let piece = bytes[at..<min(bytes.count, at + 1 + generator.below(24))]
            bytes.insert(contentsOf: Array(piece), at: generator.below(bytes.count))
        case 8:
            let other = seeds[generator.below(seeds.count)]
            guard !other.isEmpty else { return }
            bytes.replaceSubrange(at..., with: other[generator.below(other.count)...])
        default:
            guard !words.isEmpty else { return }
            bytes.insert(contentsOf: words[generator.below(words.count)], at: at)
        }
    }
}
