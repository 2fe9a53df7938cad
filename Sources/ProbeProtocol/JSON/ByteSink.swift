/// Bytes that grow. An array checks more for each byte than the byte costs: half of a result's writing went there.
final class ByteSink {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    init() {
        capacity = 2048
        base = .allocate(capacity: capacity)
    }

    deinit { base.deallocate() }

    var bytes: [UInt8] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// Room for `needed` bytes, to be written at once; `commit` says how many were.
    @inline(__always)
    func room(for needed: Int) -> UnsafeMutablePointer<UInt8> {
        if capacity - count < needed { grow(by: needed) }
        return base + count
    }

    @inline(__always)
    func commit(_ written: Int) { count += written }

    @inline(__always)
    func append(_ byte: UInt8) {
        room(for: 1).pointee = byte
        commit(1)
    }

    func append(_ more: UnsafeBufferPointer<UInt8>) {
        guard let start = more.baseAddress else { return }
        room(for: more.count).update(from: start, count: more.count)
        commit(more.count)
    }

    /// In decimal, with zeros in front up to `places` digits.
    func append(digits number: UInt64, atLeast places: Int = 1) {
        var length = 1
        var rest = number / 10
        while rest > 0 {
            length += 1
            rest /= 10
        }
        length = max(length, places)
        let place = room(for: length)
        rest = number
        var at = length
        while at > 0 {
            at -= 1
            place[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        commit(length)
    }

    private func grow(by needed: Int) {
        capacity = max(2 * capacity, count + needed)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
    }
}
