import Testing

@testable import ProbeAgent

struct LatencyHistogramTests {
    /// Of each size that a latency can have, up to a day: the middle of its bucket is near it.
    @Test func aBucketIsNarrow() {
        var generator = SystemRandomNumberGenerator()
        for exponent in 0..<37 {
            for _ in 0..<200 {
                let value = Int64.random(in: (1 << exponent)...(2 << exponent), using: &generator)
                let middle = LatencyHistogram.middle(of: LatencyHistogram.bucket(of: value))
                #expect(abs(Double(middle - value)) <= 0.0158 * Double(value), "\(value): \(middle)")
            }
        }
        for value in Int64(0)..<64 { #expect(LatencyHistogram.middle(of: LatencyHistogram.bucket(of: value)) == value) }
        #expect(LatencyHistogram.bucket(of: -5) == 0)
    }

    @Test func bucketsHaveNoGapsAndNoneTwice() {
        for bucket in 0..<1500 {
            #expect(LatencyHistogram.bucket(of: LatencyHistogram.middle(of: bucket)) == bucket)
        }
    }

    @Test func percentilesAreThoseOfTheNumbers() {
        var (histogram, values) = (LatencyHistogram(), [Int64]())
        for number in 1...5000 {
            let value = Int64(number * number % 7919 + 100)
            values.append(value)
            histogram.add(value)
        }
        values.sort()
        let parts = [0.01, 0.1, 0.5, 0.9, 0.99, 1]
        for (part, found) in zip(parts, histogram.percentiles(parts)) {
            let exact = values[Int((part * 5000).rounded(.up)) - 1]
            #expect(abs(Double(found - exact)) <= 0.0158 * Double(exact), "\(part): \(found) for \(exact)")
        }
        #expect(LatencyHistogram().percentiles(parts).isEmpty)
    }

    @Test func aSumIsAHistogramAndIsReadBack() {
        var (first, second, both) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        for number in Int64(0)..<3000 {
            let value = number * 37 % 100_000
            if number % 3 == 0 { first.add(value) } else { second.add(value) }
            both.add(value)
        }
        first.merge(second)
        #expect(first == both && LatencyHistogram(bytes: first.bytes) == both)
        #expect(LatencyHistogram(bytes: LatencyHistogram().bytes) == LatencyHistogram())
    }

    /// The file is not ours alone: whatever stands there is read to an end.
    @Test func damagedBytesAreNoCrash() {
        for length in 0..<40 {
            for byte in [UInt8(0), 0x7f, 0x80, 0xff] {
                let histogram = LatencyHistogram(bytes: [UInt8](repeating: byte, count: length))
                #expect(histogram.count >= 0 && histogram.percentiles([0.5]).count <= 1)
            }
        }
    }
}
