import CLinux
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// Asks a node's control socket one thing, and waits for the answer.
package struct LocalClient: Sendable {
    package struct Reply: Sendable, Hashable {
        /// Of HTTP.
        package var status: Int
        package var body: [UInt8]
    }

    /// One sentence: nobody answers there.
    package struct Unreachable: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
        package init(description: String) { self.description = description }
    }

    private let path: String

    /// - Parameter path: of the node's control socket.
    package init(path: String) { self.path = path }

    /// - Parameter seconds: how long the node may be silent.
    package func ask(_ method: String, _ target: String, seconds: Int = 10) throws(Unreachable) -> Reply {
        guard let address = UnixAddress(path: path) else {
            throw Unreachable(description: "A socket's path has 1 to \(UnixAddress.longest) bytes, not as \(path).")
        }
        let number = socket(AF_UNIX, PROBE_SOCK_STREAM | PROBE_SOCK_CLOEXEC, 0)
        guard number >= 0 else { throw broken() }
        let descriptor = FileDescriptor(owning: number)
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(number, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        guard address.withSockAddr({ connect(descriptor.number, $0, $1) }) == 0 else { throw absent() }
        // The host is not looked at; HTTP/1.1 wants one (RFC 9112 section 3.2).
        let request = "\(method) \(target) HTTP/1.1\r\nHost: node\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        let bytes = Array(request.utf8)
        guard send(descriptor.number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { throw broken() }
        guard let reply = Reply(try readAll(descriptor.number)) else {
            throw Unreachable(description: "What answers at \(path) is no node.")
        }
        return reply
    }

    private func readAll(_ socket: Int32) throws(Unreachable) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw broken() }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
        }
    }

    private func absent() -> Unreachable {
        switch errno {
        case ENOENT, ENOTDIR: Unreachable(description: "No node runs here: there is no socket \(path).")
        case ECONNREFUSED: Unreachable(description: "No node runs here any more: nobody serves the socket \(path).")
        case EACCES, EPERM:
            Unreachable(description: "The socket \(path) is another user's: ask as that user or as root.")
        case ENOTSOCK: Unreachable(description: "\(path) is no socket.")
        default: broken()
        }
    }

    private func broken() -> Unreachable {
        if errno == EAGAIN { return Unreachable(description: "The node at \(path) does not answer.") }
        return Unreachable(description: "The node at \(path) cannot be asked: \(Errno(rawValue: errno)).")
    }
}

extension LocalClient.Reply {
    /// Nil when `bytes` are no whole answer (RFC 9112).
    fileprivate init?(_ bytes: [UInt8]) {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
        let body = Array(bytes[end.upperBound...])
        let length = lines.first { $0.lowercased().hasPrefix("content-length:") }?.split(separator: ":").last
        guard let length, Int(String(length.drop { $0 == " " })) == body.count else { return nil }
        self.init(status: status, body: body)
    }
}
