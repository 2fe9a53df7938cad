/// How many latencies were how long, such that hours and checks can be added up and percentiles be had of the sum.
///
/// Buckets as HdrHistogram has them: up to 64 us each number has its own, above there are 32 to a power of two. A
/// percentile is the middle of its bucket, so it is off by 1.6 % at most.
public struct LatencyHistogram: Sendable, Hashable {
    struct Bucket: Sendable, Hashable {
        var number: Int
        var count: Int
    }

    /// Those that are not empty, by number.
    private(set) var buckets: [Bucket] = []
    public private(set) var count = 0

    public init() {}

    public mutating func add(_ microseconds: Int64, times: Int = 1) {
        guard times > 0 else { return }
        let number = Self.bucket(of: microseconds)
        count += times
        var (low, high) = (0, buckets.count)
        while low < high {
            let middle = (low + high) / 2
            if buckets[middle].number < number { low = middle + 1 } else { high = middle }
        }
        if low < buckets.count, buckets[low].number == number {
            buckets[low].count += times
        } else {
            buckets.insert(Bucket(number: number, count: times), at: low)
        }
    }

    /// In one pass over both: a report adds up hundreds of thousands.
    public mutating func merge(_ other: LatencyHistogram) {
        var merged: [Bucket] = []
        merged.reserveCapacity(buckets.count + other.buckets.count)
        var rest = other.buckets[...]
        for var bucket in buckets {
            while let next = rest.first, next.number < bucket.number {
                merged.append(next)
                rest.removeFirst()
            }
            if let next = rest.first, next.number == bucket.number {
                bucket.count +|= next.count
                rest.removeFirst()
            }
            merged.append(bucket)
        }
        buckets = merged + rest
        count +|= other.count
    }

    /// The latencies, in microseconds, that these parts (0 to 1, rising) were not above: by nearest rank.
    public func percentiles(_ parts: [Double]) -> [Int64] {
        guard count > 0 else { return [] }
        var found: [Int64] = []
        var seen = 0
        for bucket in buckets {
            seen +|= bucket.count
            while found.count < parts.count, seen >= max(1, Int((parts[found.count] * Double(count)).rounded(.up))) {
                found.append(Self.middle(of: bucket.number))
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
        for bucket in buckets {
            for number in [bucket.number - last, bucket.count] {
                var rest = number
                while rest >= 0x80 {
                    bytes.append(UInt8(rest & 0x7f) | 0x80)
                    rest >>= 7
                }
                bytes.append(UInt8(rest))
            }
            last = bucket.number
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
        var last = -1
        for index in stride(from: 0, to: numbers.count - 1, by: 2) {
            let bucket = Bucket(number: max(last, 0) + numbers[index], count: numbers[index + 1])
            guard bucket.number > last, bucket.number <= Self.bucket(of: .max), 1..<1 << 40 ~= bucket.count else {
                break
            }
            buckets.append(bucket)
            count += bucket.count
            last = bucket.number
        }
    }
}
