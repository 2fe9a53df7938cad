/// A timestamp of NTP: seconds since 1900 in the upper 32 bits, their fraction in the lower (RFC 5905 section 6). The
/// era is not in it: it wraps in 2036, so only differences of less than 68 years mean something.
package struct NTPTimestamp: Hashable, Sendable {
    var bits: UInt64

    /// From 1900 to 1970.
    private static let unixEpoch: Int64 = 2_208_988_800

    init(bits: UInt64) { self.bits = bits }

    package init(_ time: WallTime) {
        let (seconds, rest) = time.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let whole = UInt64(bitPattern: seconds &+ Self.unixEpoch)
        // A billionth of a second is 4.29 units.
        bits = whole << 32 &+ UInt64(bitPattern: (rest << 32) / 1_000_000_000)
    }

    /// The instant nearest to `reference`; nil for zero, which means that it is not known.
    func wallTime(near reference: WallTime) -> WallTime? {
        guard bits != 0 else { return nil }
        let difference = Self.span(from: NTPTimestamp(reference), to: self)
        let (sum, overflow) = reference.nanoseconds.addingReportingOverflow(difference.wholeNanoseconds)
        return overflow ? nil : WallTime(nanoseconds: sum)
    }

    /// In the direction in which it is shorter.
    static func span(from start: NTPTimestamp, to end: NTPTimestamp) -> Duration {
        let difference = Int64(bitPattern: end.bits &- start.bits)
        return .seconds(difference >> 32) + .nanoseconds(((difference & 0xffff_ffff) * 1_000_000_000) >> 32)
    }
}

/// The header of an NTP packet (RFC 5905 section 7.3). What follows it, extension fields and a MAC, is not looked at.
package struct NTPPacket: Hashable, Sendable {
    static let size = 48
    package static let server: UInt8 = 4
    static let client: UInt8 = 3

    var leap: UInt8 = 0
    var version: UInt8 = 4
    package var mode: UInt8 = NTPPacket.client
    package var stratum: UInt8 = 0
    /// log2 seconds.
    var poll: Int8 = 0
    var precision: Int8 = 0
    /// 16.16 seconds.
    var rootDelay: UInt32 = 0
    var rootDispersion: UInt32 = 0
    var referenceID: UInt32 = 0
    var reference = NTPTimestamp(bits: 0)
    package var origin = NTPTimestamp(bits: 0)
    package var receive = NTPTimestamp(bits: 0)
    package var transmit = NTPTimestamp(bits: 0)

    package init() {}

    /// Nil when there is less than a header.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count >= Self.size else { return nil }
        var rest = bytes.prefix(Self.size)[...]
        func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
            let size = Number.bitWidth / 8
            defer { rest = rest.dropFirst(size) }
            return rest.prefix(size).reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
        }
        let first = number(UInt8.self)
        (leap, version, mode) = (first >> 6, first >> 3 & 7, first & 7)
        stratum = number(UInt8.self)
        poll = Int8(bitPattern: number(UInt8.self))
        precision = Int8(bitPattern: number(UInt8.self))
        rootDelay = number(UInt32.self)
        rootDispersion = number(UInt32.self)
        referenceID = number(UInt32.self)
        reference = NTPTimestamp(bits: number(UInt64.self))
        origin = NTPTimestamp(bits: number(UInt64.self))
        receive = NTPTimestamp(bits: number(UInt64.self))
        transmit = NTPTimestamp(bits: number(UInt64.self))
    }

    package var bytes: [UInt8] {
        func big(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }
        let first = leap << 6 | (version & 7) << 3 | mode & 7
        var bytes = [first, stratum, UInt8(bitPattern: poll), UInt8(bitPattern: precision)]
        for word in [rootDelay, rootDispersion, referenceID] { bytes += big(word) }
        for stamp in [reference, origin, receive, transmit] { bytes += big(stamp.bits) }
        return bytes
    }

    /// A reply's kiss code (RFC 5905 section 7.4): the server says no, and why.
    var kissCode: String? { stratum == 0 ? referenceText : nil }

    /// The source of the server's time: four letters for a clock (stratum 1) and a kiss code, else an IPv4 address, or
    /// the hash of an IPv6 one.
    var referenceText: String {
        let parts = withUnsafeBytes(of: referenceID.bigEndian, Array.init)
        guard stratum <= 1 else { return parts.map { "\($0)" }.joined(separator: ".") }
        let text = parts.filter { $0 != 0 }
        guard text.allSatisfy({ (0x20...0x7e).contains($0) }) else { return "0x" + parts.hex }
        return String(decoding: text, as: UTF8.self).trimmingSpaces
    }

    static func duration(_ fixed: UInt32) -> Duration {
        .nanoseconds((Int64(fixed) * 1_000_000_000) >> 16)
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
