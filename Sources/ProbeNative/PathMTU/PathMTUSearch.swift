/// Decides which packet size is tried next, from what became of the ones before. Neither I/O nor clock.
///
/// The largest size goes first: most paths take it. Routers that say what their next hop takes lead straight to the
/// answer. Where they say nothing (a "black hole"), the search halves what is left, once the smallest size has shown
/// that the target answers at all.
struct PathMTUSearch: Hashable, Sendable {
    enum Outcome: Hashable, Sendable {
        case fits
        /// A router cannot hand it on; what its next hop takes, where it says so.
        case tooBig(nextHop: Int?)
        /// Nothing came back.
        case silent
        /// This node's own interface takes no such packet.
        case local
    }

    enum Next: Hashable, Sendable {
        case probe(size: Int)
        case found(mtu: Int)
        /// Not even the smallest packet is answered.
        case noAnswer
    }

    /// Every link carries packets of this size: RFC 791 3.2 (68 bytes), RFC 8200 5.
    static func smallest(_ family: IPAddress.Family) -> Int { family == .v4 ? 68 : 1280 }

    private let floor: Int
    /// The largest size that is known to fit, and the smallest that is known not to.
    private var fits: Int?
    private var tooBig: Int
    private(set) var next: Next
    /// A size above the path's MTU vanished without a word.
    private(set) var isBlackHole = false
    /// Sizes that vanished; they belong to a black hole when a smaller one fits.
    private var silent: Set<Int> = []

    init(_ family: IPAddress.Family, largest: Int) {
        floor = Self.smallest(family)
        let largest = max(largest, floor)
        tooBig = largest + 1
        next = .probe(size: largest)
    }

    /// What became of the size that `next` asked for.
    mutating func note(_ outcome: Outcome) {
        guard case .probe(let size) = next else { return }
        switch outcome {
        case .fits: fits = max(fits ?? 0, size)
        case .silent:
            silent.insert(size)
            tooBig = min(tooBig, size)
        case .local: tooBig = min(tooBig, size)
        case .tooBig(let nextHop):
            tooBig = min(tooBig, size)
            // What no link may have, what is not less, and what is known better, is no hint.
            if let nextHop, nextHop >= floor, nextHop < size, nextHop > fits ?? 0 {
                // One byte more is known not to fit.
                tooBig = min(tooBig, nextHop + 1)
                next = .probe(size: nextHop)
                return
            }
        }
        advance(size)
    }

    private mutating func advance(_ size: Int) {
        if let fits {
            // Only what lies above a size that fits was swallowed.
            isBlackHole = silent.contains { $0 > fits }
            next = tooBig - fits <= 1 ? .found(mtu: fits) : .probe(size: fits + (tooBig - fits) / 2)
        } else {
            next = size <= floor ? .noAnswer : .probe(size: floor)
        }
    }
}
