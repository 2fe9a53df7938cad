import CLinux

/// The buffer that a reactor's shared sockets are read into, a batch at a time. One for all: reading and handing over are
/// one step.
final class PacketSlots: ReactorLocal {
    /// Enough for the heads of replies and for whole ICMP errors (RFC 1812: 576 bytes; RFC 4443: 1,280).
    static let size = 2048
    static let count = Int(PROBE_BATCH)

    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: count * size)
    let arrivals = UnsafeMutableBufferPointer<probe_arrival>.allocate(capacity: count)
    /// What is in them is being handed over.
    var isInUse = false

    init(reactor: Reactor) { arrivals.initialize(repeating: probe_arrival()) }

    deinit {
        bytes.deallocate()
        arrivals.deallocate()
    }

    /// What the last read left in slot `index`.
    func packet(_ index: Int) -> WireBytes {
        WireBytes(
            UnsafeRawBufferPointer(start: bytes + index * Self.size, count: Int(arrivals[index].captured)))
    }
}
