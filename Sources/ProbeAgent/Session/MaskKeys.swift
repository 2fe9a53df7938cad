#if canImport(Glibc)
    import Glibc
#endif

/// Where the masks of outgoing frames come from. Each must be unpredictable (RFC 6455 section 5.3), so they are the
/// kernel's; in stock, because a system call for each frame would cost as much as the frame's masking.
struct MaskKeys: RandomNumberGenerator {
    /// getentropy(3) gives no more at once.
    private var bytes = [UInt8](repeating: 0, count: 256)
    private var spent = 256

    mutating func next() -> UInt64 {
        if spent == bytes.count {
            guard getentropy(&bytes, bytes.count) == 0 else { return .random(in: .min ... .max) }
            spent = 0
        }
        defer { spent += 8 }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: spent, as: UInt64.self) }
    }
}
