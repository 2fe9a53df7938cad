/// The first bytes of an echo's payload, at most 8: random in a request, by which a reply is known to be the answer to
/// this very request; in an answer as many as came back.
public struct EchoCookie: Hashable, Sendable, ExpressibleByArrayLiteral {
    /// Of a whole one, in bytes.
    static let length = 8

    let count: Int
    /// The first byte in the lowest bits.
    private let bits: UInt64

    init(random bits: UInt64, size: Int) {
        count = min(size, Self.length)
        self.bits = count == Self.length ? bits : bits & (1 << UInt64(8 * count) - 1)
    }

    /// The head of `payload`.
    init(_ payload: WireBytes) {
        count = min(payload.count, Self.length)
        var bits: UInt64 = 0
        for index in 0..<count { bits |= UInt64(payload.byte(index) ?? 0) << UInt64(8 * index) }
        self.bits = bits
    }

    /// - Parameter elements: at most 8 bytes.
    public init(arrayLiteral elements: UInt8...) {
        self = elements.withUnsafeBytes { EchoCookie(WireBytes($0)) }
    }

    subscript(index: Int) -> UInt8 { UInt8(truncatingIfNeeded: bits >> UInt64(8 * index)) }

    /// No proof against a reply to another request: the payload had no room for it.
    var isPartial: Bool { count < Self.length }

    /// As an ICMP error quotes `whole`: cut, or padded with zeros (RFC 4884 pads).
    func mayQuote(_ whole: EchoCookie) -> Bool {
        bits == 0 || bits == EchoCookie(random: whole.bits, size: count).bits
    }
}
