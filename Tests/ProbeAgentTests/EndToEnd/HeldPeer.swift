import Foundation
import Glibc
import ProbeTesting
import Testing

/// A peer of the tcp tool that keeps a job until the test lets it go.
final class HeldPeer: Sendable {
    let port: Int
    private let socket: Int32

    /// What a job must ask for that is to be held.
    var parameters: JSONValue { ["port": .number(Double(port)), "steps": ["expect:^go"], "timeout_ms": 60000] }

    init() throws {
        // SOCK_CLOEXEC, or the node under test would have it too: the same bit as O_CLOEXEC (socket(2)).
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = socket
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) + listen(descriptor, 8) + getsockname(descriptor, $0, &length)
            }
        }
        try #require(result == 0)
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(socket) }

    /// Waits until a job has connected; it is held until `release`.
    func arrival() async throws -> Int32 {
        let connection = await onThread { [self] in
            let connection = accept(socket, nil, nil)
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            return connection
        }
        return try #require(connection >= 0 ? connection : nil)
    }

    /// The job succeeds.
    func release(_ connection: Int32) {
        _ = send(connection, "go\n", 3, Int32(MSG_NOSIGNAL))
        close(connection)
    }
}

/// Runs what blocks on a thread of its own: the tests' pool has few.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: body()) }
    }
}
