import CLinux

/// A classic BPF program (Linux `filter.txt`) for a raw ICMP or ICMPv6 socket: lets exactly the awaited echo replies in.
/// Each raw socket gets a copy of every ICMP packet of the host; without a filter strangers' replies fill its buffer, and
/// liboping would take a reply for its own by a 16-bit number.
struct PacketFilter {
    /// The one reply that is waited for.
    struct Awaited: Hashable {
        var ident: UInt16
        var source: IPAddress
        /// The first bytes of the payload, which the host sends back: 0, 4 or 8 of them.
        var cookie: [UInt8]
    }

    private(set) var instructions: [sock_filter] = []

    /// Lets nothing in: what an idle socket has.
    static let nothing = PacketFilter(instructions: [sock_filter(code: PROBE_BPF_RETURN, jt: 0, jf: 0, k: 0)])

    init(instructions: [sock_filter]) { self.instructions = instructions }

    /// All of `awaited` are of `family`.
    init(_ family: IPAddress.Family, _ awaited: [Awaited]) {
        if family == .v4 {
            // The filter sees the IPv4 header, whose length goes to X.
            append(PROBE_BPF_HEADER_LENGTH_TO_X, 0)
            add([Condition(PROBE_BPF_LOAD_HALF_X, 0, Self.echoReply4)], negated: true)
        } else {
            add([Condition(PROBE_BPF_LOAD_HALF, 0, Self.echoReply6)], negated: true)
        }
        for reply in awaited { add(family == .v4 ? Self.conditions4(reply) : Self.conditions6(reply), negated: false) }
        append(PROBE_BPF_RETURN, 0)
    }

    /// Type and code in one half word (RFC 792, RFC 4443).
    private static let echoReply4: UInt32 = 0x0000
    private static let echoReply6: UInt32 = 0x8100

    private struct Condition {
        var load: UInt16
        var offset: UInt32
        var value: UInt32
        init(_ load: UInt16, _ offset: UInt32, _ value: UInt32) {
            self.load = load
            self.offset = offset
            self.value = value
        }
    }

    private static func conditions4(_ reply: Awaited) -> [Condition] {
        [
            Condition(PROBE_BPF_LOAD_HALF_X, 4, UInt32(reply.ident)),
            Condition(PROBE_BPF_LOAD_WORD, 12, UInt32(truncatingIfNeeded: reply.source.low)),
        ]
            + words(reply.cookie).enumerated().map { Condition(PROBE_BPF_LOAD_WORD_X, 8 + 4 * UInt32($0), $1) }
    }

    private static func conditions6(_ reply: Awaited) -> [Condition] {
        let source = words(reply.source.bytes).enumerated().map {
            Condition(PROBE_BPF_LOAD_WORD, PROBE_BPF_NETWORK_HEADER &+ 8 &+ 4 &* UInt32($0), $1)
        }
        return [Condition(PROBE_BPF_LOAD_HALF, 4, UInt32(reply.ident))] + source
            + words(reply.cookie).enumerated().map { Condition(PROBE_BPF_LOAD_WORD, 8 + 4 * UInt32($0), $1) }
    }

    private static func words(_ bytes: [UInt8]) -> [UInt32] {
        stride(from: 0, to: bytes.count - bytes.count % 4, by: 4).map { start in
            bytes[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
    }

    /// Accepts when all hold (`negated`: rejects when one does not); goes on behind itself otherwise.
    private mutating func add(_ conditions: [Condition], negated: Bool) {
        let length = conditions.count * 2 + 1
        for (index, condition) in conditions.enumerated() {
            append(condition.load, condition.offset)
            let isLast = index == conditions.count - 1
            // Jumps count from the next instruction. Of the negated form the last jump skips the rejection.
            let behind = UInt8(length - (2 * index + 2))
            instructions.append(
                sock_filter(
                    code: PROBE_BPF_JUMP_EQUAL, jt: negated && isLast ? behind : 0, jf: negated ? 0 : behind,
                    k: condition.value))
        }
        append(PROBE_BPF_RETURN, negated ? 0 : .max)
    }

    private mutating func append(_ code: UInt16, _ value: UInt32) {
        instructions.append(sock_filter(code: code, jt: 0, jf: 0, k: value))
    }
}
