/// liboping stamps with the wall clock. The monotonic clock held around its call tells whether that can be trusted.
struct ClockCheck: Sendable, Hashable {
    /// How far each clock went during the call.
    var wall: Duration
    var monotonic: Duration

    /// The two clocks are not read at the same instant, and NTP slews the wall clock by at most 500 ppm (adjtimex(2)).
    static let tolerance = Duration.milliseconds(1)

    var stepped: Bool {
        let difference = wall - monotonic
        let magnitude = difference < .zero ? .zero - difference : difference
        return magnitude > Self.tolerance + monotonic / 1000
    }

    /// A call's reply with a wall-clock RTT of `latency`, or none (nil), in a batch of one (`isAlone`) or more.
    func outcome(latency: Duration?, ttl: Int?, isAlone: Bool) -> EchoResult {
        guard let latency else { return EchoResult(outcome: .timeout, clockStepped: stepped) }
        let isPossible = latency <= monotonic + Self.tolerance
        guard stepped || !isPossible else { return EchoResult(outcome: .reply(rtt: latency, ttl: ttl)) }
        // The call of a lone host ends with its reply: the monotonic time around it is the RTT and a few microseconds.
        return EchoResult(outcome: .reply(rtt: isAlone ? monotonic : nil, ttl: ttl), clockStepped: true)
    }
}
