/// How many latencies were how long, such that hours and checks can be added up and percentiles be had of the sum.
///
/// Buckets as HdrHistogram has them: up to 64 us each number has its own, above there are 32 to a power of two. A
/// percentile is the middle of its bucket, so it is off by 1.6 % at most.
public struct LatencyHistogram: Sendable, Hashable {
    /// By number of the bucket.
    private(set) var counts: [Int: Int] = [:]
    public private(set) var count = 0

    public init() {}

    public mutating func add(_ microseconds: Int64, times: Int = 1) {
        counts[Self.bucket(of: microseconds), default: 0] += times
        count += times
    }

    public mutating func merge(_ other: LatencyHistogram) {
        if counts.isEmpty {
            self = other
            return
        }
        for (bucket, times) in other.counts { counts[bucket, default: 0] += times }
        count += other.count
    }

    /// The latencies, in microseconds, that these parts (0 to 1, rising) were not above: by nearest rank.
    public func percentiles(_ parts: [Double]) -> [Int64] {
        guard count > 0 else { return [] }
        var found: [Int64] = []
        var seen = 0
        for (bucket, times) in counts.sorted(by: { $0.key < $1.key }) {
            seen += times
            while found.count < parts.count, seen >= max(1, Int((parts[found.count] * Double(count)).rounded(.up))) {
                found.append(Self.middle(of: bucket))
            }
        }
        return found
    }

    static func bucket(of microseconds: Int64) -> Int {
        let value = max(0, microseconds)
        let shift = max(0, Int64.bitWidth - value.leadingZeroBitCount - 6)
        return 32 * shift + Int(value >> Int64(shift))
    }

    static func middle(of bucket: Int) -> Int64 {
        if bucket < 64 { return Int64(bucket) }
        let shift = Int64(bucket / 32 - 1)
        return Int64(bucket % 32 + 32) << shift + (1 << shift) / 2
    }
}

/// As a roll-up holds it: for each bucket in order how many lie between it and the one before, and its count; LEB128.
extension LatencyHistogram {
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        var last = 0
        for (bucket, times) in counts.sorted(by: { $0.key < $1.key }) {
            for number in [bucket - last, times] {
                var rest = number
                while rest >= 0x80 {
                    bytes.append(UInt8(rest & 0x7f) | 0x80)
                    rest >>= 7
                }
                bytes.append(UInt8(rest))
            }
            last = bucket
        }
        return bytes
    }

    /// What is damaged ends it: the file is not ours alone.
    init(bytes: some Sequence<UInt8>) {
        var (numbers, number, shift) = ([Int](), 0, 0)
        for byte in bytes {
            guard shift < 56 else { break }
            number |= Int(byte & 0x7f) << shift
            shift += 7
            if byte & 0x80 == 0 {
                numbers.append(number)
                (number, shift) = (0, 0)
            }
        }
        var bucket = 0
        for index in stride(from: 0, to: numbers.count - 1, by: 2) {
            bucket += numbers[index]
            guard bucket <= Self.bucket(of: .max), numbers[index + 1] < 1 << 40 else { break }
            counts[bucket, default: 0] += numbers[index + 1]
            count += numbers[index + 1]
        }
    }
}
