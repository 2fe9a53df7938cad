/// What is said and heard over a stream. Bounded: a peer that never stops costs no more than `limit` bytes a step.
/// Confined to its reactor.
struct Conversation {
    /// Bytes that one expectation looks through.
    static let limit = 64 << 10
    /// An unfinished line is looked at after this long without more of it: it may be a prompt.
    static let promptPause = Duration.milliseconds(100.0)
    /// The same for whole lines, when looking at once at each would mean to look through all of them again and again.
    static let linePause = Duration.milliseconds(10.0)
    /// Bytes of what the peer said first.
    static let longestBanner = 4096

    /// Replaced by the TLS stream over it.
    var stream: any ByteStream
    private let reactor: Reactor
    /// Heard, and not taken by an expectation yet.
    private(set) var pending: [UInt8] = []
    /// What the peer said before anything was said to it.
    private(set) var banner: [UInt8] = []
    private(set) var received = 0
    private var hasSent = false
    private(set) var lastArrival: Instant
    private var isEnded = false

    init(_ stream: any ByteStream, on reactor: Reactor) {
        self.stream = stream
        self.reactor = reactor
        lastArrival = reactor.now
    }

    /// - Throws: `connection_timeout` when the peer takes nothing, and what the stream throws, at stage `request`.
    mutating func say(_ bytes: [UInt8], until end: Instant) async throws(ProbeFailure) {
        hasSent = true
        try await stream.write(bytes, until: end, stage: .request, timeout: .connectionTimeout)
    }

    enum Hearing: Sendable, Hashable {
        /// With the rest of the line in which the match ends.
        case match([UInt8])
        case silence, ended, tooMuch
        case exceeded(Pattern.Limit)
    }

    /// Waits until the pattern matches what was heard and not taken yet.
    /// - Throws: what the stream throws, at stage `response`.
    mutating func hear(_ pattern: Pattern, until end: Instant) async throws(ProbeFailure) -> Hearing {
        var searched = 0
        while true {
            let gathered = try await gather(since: searched, until: end)
            searched = pending.count
            switch try await pattern.search(pending, on: reactor) {
            case .match(let range): return .match(take(through: range.upperBound))
            case .exceeded(let limit): return .exceeded(limit)
            case .noMatch:
                if gathered != .more { return gathered == .ended ? .ended : gathered == .full ? .tooMuch : .silence }
            }
        }
    }

    /// What the peer says by itself, until it pauses.
    /// - Throws: what the stream throws, at stage `response`.
    mutating func listen(until end: Instant) async throws(ProbeFailure) {
        var limit = end
        while try await gather(since: pending.count, until: limit) == .more {
            limit = min(end, reactor.now + Self.promptPause)
        }
    }

    private enum Gathered { case more, ended, timeout, full }

    /// Reads until it is worth looking: a line is whole, or the peer pauses.
    private mutating func gather(since searched: Int, until end: Instant) async throws(ProbeFailure) -> Gathered {
        while !isEnded {
            let isNew = pending.count > searched
            let isLine = isNew && pending.last == UInt8(ascii: "\n")
            // Looking takes time in proportion to what there is: not for each byte of a peer that sends one at a time.
            if isLine, pending.count - searched >= searched / 8 { return .more }
            if pending.count >= Self.limit { return .full }
            let pause = isNew ? reactor.now + (isLine ? Self.linePause : Self.promptPause) : end
            guard try await read(until: min(end, pause)) else { return reactor.now < end ? .more : .timeout }
        }
        return .ended
    }

    /// False when nothing came in time.
    private mutating func read(until end: Instant) async throws(ProbeFailure) -> Bool {
        let bytes: [UInt8]
        do throws(ProbeFailure) {
            let limit = min(16 << 10, Self.limit - pending.count)
            bytes = try await stream.read(atMost: limit, until: end, stage: .response, timeout: .noReply)
        } catch {
            if error.code == .noReply { return false }
            throw error
        }
        isEnded = bytes.isEmpty
        lastArrival = reactor.now
        received += bytes.count
        pending += bytes
        if !hasSent { banner += bytes.prefix(Self.longestBanner - banner.count) }
        return true
    }

    private mutating func take(through match: Int) -> [UInt8] {
        let newline = UInt8(ascii: "\n")
        var end = match
        if match == 0 || pending[match - 1] != newline {
            end = pending[match...].firstIndex(of: newline).map { $0 + 1 } ?? pending.count
        }
        defer { pending.removeFirst(end) }
        return Array(pending[..<end])
    }
}
