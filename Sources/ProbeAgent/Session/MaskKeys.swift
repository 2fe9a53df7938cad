import NIOWebSocket

#if canImport(Glibc)
    import Glibc
#endif

/// The masks of outgoing frames. Each must be unpredictable (RFC 6455 section 5.3), so they come from the kernel; in
/// stock, because a system call for each frame would cost as much as the frame's masking.
struct MaskKeys {
    /// getentropy(3) gives no more at once.
    private var bytes = [UInt8](repeating: 0, count: 256)
    private var spent = 256

    mutating func next() -> WebSocketMaskingKey {
        if spent == bytes.count {
            guard getentropy(&bytes, bytes.count) == 0 else { return .random() }
            spent = 0
        }
        defer { spent += 4 }
        return WebSocketMaskingKey(bytes[spent..<spent + 4]) ?? .random()
    }
}
