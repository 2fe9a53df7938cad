/// Random numbers of the kernel, drawn in stock: what strangers must not guess (the cookie of an echo, the id of a query,
/// a frame's mask) is needed for each packet, and a system call each would cost as much as the packet. For one thread;
/// a reactor has its own (`reactor.local`).
package final class RandomStock: ReactorLocal, RandomNumberGenerator {
    private var bytes = [UInt8](repeating: 0, count: Syscalls.mostRandom)
    private var used = Syscalls.mostRandom

    package init() {}
    package convenience init(reactor: Reactor) { self.init() }

    package func next() -> UInt64 {
        draw(8)
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: used - 8, as: UInt64.self) }
    }

    func nextByte() -> UInt8 {
        draw(1)
        return bytes[used - 1]
    }

    private func draw(_ count: Int) {
        if used + count > bytes.count {
            Syscalls.fillRandom(&bytes)
            used = 0
        }
        used += count
    }
}
