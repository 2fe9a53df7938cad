import Foundation
import Glibc
import ProbeNative

/// Answers each connection with some text and then the same text again and again, as long as the peer takes it.
final class RawServer: Sendable {
    let port: Int
    private let listener: Int32
    private let isStopped = Locked(false)

    init(_ head: String, repeating tail: String) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = listen(listener, 16)
                _ = getsockname(listener, $0, &length)
            }
        }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        let block = Array(String(repeating: tail, count: 100).utf8)
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 || isStopped.withLock({ $0 }) {
                    if connection >= 0 { close(connection) }
                    return
                }
                var request = [UInt8](repeating: 0, count: 4096)
                _ = recv(connection, &request, request.count, 0)
                _ = send(connection, head, head.utf8.count, Int32(MSG_NOSIGNAL))
                while send(connection, block, block.count, Int32(MSG_NOSIGNAL)) > 0 {}
                close(connection)
            }
        }
    }

    func stop() {
        isStopped.withLock { $0 = true }
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}
