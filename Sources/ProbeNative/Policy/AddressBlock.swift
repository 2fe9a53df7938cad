/// A block of addresses in CIDR notation (RFC 4632 section 3.1, RFC 4291 section 2.3). Zones play no part.
public struct AddressBlock: Sendable, Hashable, CustomStringConvertible {
    public let base: IPAddress
    /// Bits that are the same in the whole block.
    public let length: Int

    /// `address/length`, or one address. Nil when it is neither.
    /// - Parameter aligned: nil also when bits behind the length are set: 10.0.0.1/8 is more often a slip than a wish.
    public init?(_ text: some StringProtocol, aligned: Bool = true) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let base = IPAddress(first) else { return nil }
        let width = base.family == .v4 ? 32 : 128
        var length = width
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(parts[1]),
                number <= width
            else { return nil }
            length = number
        }
        self.base = base.withoutZone
        self.length = length
        if aligned, !isAligned { return nil }
    }

    private var isAligned: Bool {
        if base.family == .v4 { return base.low & ((1 << UInt64(32 - length)) - 1) == 0 }
        // Swift's shifts by the whole width give 0.
        let (highMask, lowMask) = (UInt64.max >> UInt64(min(length, 64)), UInt64.max >> UInt64(max(length - 64, 0)))
        return base.high & highMask == 0 && base.low & lowMask == 0
    }

    public func contains(_ address: IPAddress) -> Bool {
        guard address.family == base.family else { return false }
        if base.family == .v4 { return (address.low ^ base.low) >> UInt64(32 - length) == 0 }
        if length <= 64 { return (address.high ^ base.high) >> UInt64(64 - length) == 0 }
        return address.high == base.high && (address.low ^ base.low) >> UInt64(128 - length) == 0
    }

    public var description: String { "\(base)/\(length)" }
}
