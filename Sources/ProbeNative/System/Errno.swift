#if canImport(Glibc)
    import Glibc
#endif

/// An error number of the kernel (errno(3)).
public struct Errno: Error, RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let again = Errno(rawValue: EAGAIN)
    public static let interrupted = Errno(rawValue: EINTR)
    public static let inProgress = Errno(rawValue: EINPROGRESS)
    public static let notPermitted = Errno(rawValue: EPERM)
    public static let accessDenied = Errno(rawValue: EACCES)
    public static let connectionRefused = Errno(rawValue: ECONNREFUSED)

    /// `Connection refused (ECONNREFUSED)` would be kinder, but strerror has no names; the text alone is clear.
    public var description: String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard strerror_r(rawValue, &buffer, buffer.count) == 0 else { return "error \(rawValue)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The published code for this error of a socket call. What the node itself lacks (descriptors, buffers, ports,
    /// memory) is never the target's fault.
    public var code: ErrorCode {
        switch rawValue {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EADDRINUSE, EAGAIN: .localResourceExhausted
        case EPERM, EACCES: .permissionDenied
        case ECONNREFUSED: .connectionRefused
        case ECONNRESET, EPIPE, ECONNABORTED: .connectionReset
        case ETIMEDOUT: .connectionTimeout
        case EHOSTUNREACH, EHOSTDOWN: .hostUnreachable
        case ENETUNREACH, ENETDOWN: .networkUnreachable
        case EAFNOSUPPORT, EPROTONOSUPPORT: .unsupported
        default: .internalError
        }
    }

    /// `doing` completes "... failed": "connecting to 192.0.2.1 port 80".
    public func failure(_ stage: Stage, _ doing: String) -> ProbeFailure {
        ProbeFailure(stage, code, "\(doing) failed: \(description).".capitalizedFirst)
    }
}

extension String {
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
