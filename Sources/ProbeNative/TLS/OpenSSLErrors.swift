import COpenSSL

/// OpenSSL's error queue of this thread. What one call leaves there, a later one of another job would report as its
/// own: clear it before a call and after it.
enum OpenSSLErrors {
    static func clear() { ERR_clear_error() }

    /// The first error since `clear`, as OpenSSL words it; the queue is empty afterwards.
    static func drain() -> String? {
        defer { ERR_clear_error() }
        let code = ERR_get_error()
        guard code != 0, let reason = ERR_reason_error_string(code) else { return nil }
        return String(cString: reason)
    }
}
