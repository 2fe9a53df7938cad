import Foundation
import Glibc
import ProbeTesting
import Testing

@testable import ProbeAgent

/// A service manager's end of sd_notify(3).
final class NotifySocket: Sendable {
    let messages = EventLog<String>()
    private let socket: Int32

    /// - Parameter name: a path, or `@` and an abstract name.
    init(_ name: String) throws {
        let address =
            name.hasPrefix("@") ? UnixAddress(abstractName: String(name.dropFirst())) : UnixAddress(path: name)
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC, 0)
        let descriptor = socket
        try #require(try #require(address).withSockAddr { bind(descriptor, $0, $1) } == 0)
        let (messages, socket) = (messages, socket)
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while case let count = recv(socket, &buffer, buffer.count, 0), count > 0 {
                messages.append(String(decoding: buffer.prefix(count), as: UTF8.self))
            }
            close(socket)
            messages.finish()
        }
    }

    func stop() { shutdown(socket, Int32(SHUT_RDWR)) }
}
