/// Decides which hop is asked next and where the path ends. Neither I/O nor clock: probes go out, verdicts come in.
///
/// It asks hop after hop, further out as the window allows, and not beyond an answer that is final (the target's, or a
/// router's that does not let the packet go on). A gap of silent hops ends it, too, unless something answered behind it.
struct TraceSchedule: Hashable, Sendable {
    private struct Hop: Hashable, Sendable {
        var sent = 0
        var settled = 0
        var isAnswered = false
    }

    private let first: Int
    private let queries: Int
    private let gapLimit: Int
    private let farthest: Int
    private var hops: [Hop] = []
    /// The last hop of interest, as far as is known.
    private(set) var last: Int
    /// An answer said that the path ends at `last`.
    private(set) var isEndFound = false

    /// - Parameter expected: the length that an earlier pass found; hops beyond it are asked only when hop `expected`
    ///   turns out to be a router now.
    init(first: Int, last: Int, queries: Int, gapLimit: Int, expected: Int? = nil) {
        self.first = first
        self.queries = queries
        self.gapLimit = gapLimit
        farthest = max(first, last)
        self.last = min(farthest, max(first, expected ?? last))
    }

    /// Probes of interest whose fate is open.
    var inFlight: Int { hops.prefix(max(0, last - first + 1)).reduce(0) { $0 + $1.sent - $1.settled } }

    /// All is known that this pass can find.
    var isDone: Bool { nextUnsent == nil && inFlight == 0 }

    private var nextUnsent: Int? {
        let open = hops.prefix(max(0, last - first + 1)).firstIndex { $0.sent < queries }
        if let open { return first + open }
        let next = first + hops.count
        return next <= last ? next : nil
    }

    /// The hop to ask next; nil when there is none now.
    mutating func next(window: Int) -> Int? {
        guard let hop = nextUnsent, inFlight < window else { return nil }
        if hop - first == hops.count { hops.append(Hop()) }
        hops[hop - first].sent += 1
        return hop
    }

    /// A probe of `hop` has been answered.
    mutating func answered(_ hop: Int, isFinal: Bool) {
        guard hops.indices.contains(hop - first) else { return }
        hops[hop - first].settled += 1
        hops[hop - first].isAnswered = true
        if isFinal {
            last = min(last, hop)
            isEndFound = true
        } else if hop == last, !isEndFound, last < farthest {
            last += 1
        }
    }

    /// Nothing came for a probe of `hop`.
    mutating func silent(_ hop: Int) {
        guard hops.indices.contains(hop - first) else { return }
        hops[hop - first].settled += 1
        guard !isEndFound, let end = gapEnd else { return }
        last = min(last, end)
    }

    /// The last hop of the first gap that is long enough and has nothing behind it.
    private var gapEnd: Int? {
        let known = (hops.lastIndex { $0.isAnswered } ?? -1) + 1
        let gap = hops[known...].prefix { $0.settled == queries && !$0.isAnswered }
        return gap.count >= gapLimit ? first + known + gapLimit - 1 : nil
    }

    /// The last hop that has answered; nil when none has.
    var lastAnswered: Int? { hops.lastIndex { $0.isAnswered }.map { first + $0 } }
}
