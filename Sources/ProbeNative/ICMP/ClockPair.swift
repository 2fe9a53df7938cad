/// Both clocks, read one after the other.
struct ClockPair: Hashable, Sendable {
    var wall: Int64
    var monotonic: Int64

    static var now: ClockPair {
        ClockPair(wall: Syscalls.clock(.realtime), monotonic: Syscalls.clock(.monotonic))
    }
}

/// Turns the kernel's receive stamps, which are wall clock, into points on the monotonic clock.
///
/// A stamp is set against the wall clock as it is read right after the packet was: only a step between these two
/// moments can falsify it. Steps are seen by the distance of the clocks, which else only slewing changes. After a step
/// was seen, stamps of packets that may have waited in the buffer since before it are not believed; for them the moment
/// of reading stands.
struct StampClock {
    /// The two clocks are not read at the same instant.
    private static let tolerance: Int64 = 1_000_000
    /// NTP slews by at most 500 ppm (adjtimex(2)).
    private static let slewing: Int64 = 1000

    private var last: ClockPair
    /// From a step until the buffer has been seen empty.
    private(set) var isDoubtful = false

    init(_ start: ClockPair) { last = start }

    /// To be called with each reading of the clocks, in their order.
    mutating func note(_ pair: ClockPair) {
        let monotonic = pair.monotonic - last.monotonic
        let difference = (pair.wall - last.wall) - monotonic
        if abs(difference) > Self.tolerance + monotonic / Self.slewing { isDoubtful = true }
        last = pair
    }

    /// What is in the buffer from now on was stamped by the clock as it is.
    mutating func noteDrained() { isDoubtful = false }

    /// - Parameter pair: read (and noted) after the packet was.
    func instant(of stamp: Int64, readAt pair: ClockPair) -> (instant: Instant, stepped: Bool) {
        let read = Instant(nanoseconds: pair.monotonic)
        guard stamp != 0 else { return (read, isDoubtful) }
        let waited = pair.wall - stamp
        // A packet cannot come after it was read.
        guard !isDoubtful, waited >= -Self.tolerance else { return (read, true) }
        return (Instant(nanoseconds: pair.monotonic - max(0, waited)), false)
    }
}
