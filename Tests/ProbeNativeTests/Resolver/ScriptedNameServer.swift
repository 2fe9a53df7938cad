import Glibc
import ProbeNative
import ProbeTesting

/// A name server on 127.0.0.1 (UDP) that answers as a closure says, on a thread of its own.
final class ScriptedNameServer: Sendable {
    struct Query: Sendable {
        var wire: [UInt8]
        /// Lower case, no final dot.
        var name: String
        var type: UInt16

        func answer(rcode: UInt8 = 0) -> WireMessage { WireMessage(answering: wire, rcode: rcode) }

        func answer(_ addresses: [UInt8]..., ttl: UInt32 = 60) -> [UInt8] {
            var message = answer()
            for address in addresses { message.add(.answer, type: address.count == 4 ? 1 : 28, ttl: ttl, address) }
            return message.bytes
        }

        /// No such name (rcode 3) or no such data (0), to be kept for `minimum` seconds.
        func negative(rcode: UInt8, minimum: UInt32? = nil) -> [UInt8] {
            var message = answer(rcode: rcode)
            if let minimum {
                message.add(
                    .authority, type: 6, ttl: 3600, WireMessage.soa(minimum: minimum),
                    name: [4, 0x74, 0x65, 0x73, 0x74, 0])
            }
            return message.bytes
        }
    }

    let address: SocketAddress
    let queries = EventLog<Query>()
    private let socket: Int32
    private let asked = Locked<[String]>([])
    private let stopped = Locked(false)

    /// "name A" or "name AAAA", in the order of arrival.
    var log: [String] { asked.withLock { $0 } }
    func count(_ entry: String) -> Int { log.count { $0 == entry } }

    /// - Parameter reply: nil for no answer.
    init(_ reply: @escaping @Sendable (Query) -> [UInt8]?) throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var own = sockaddr_in()
        own.sin_family = sa_family_t(AF_INET)
        own.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                Glibc.bind(socket, address, length) == 0 && getsockname(socket, address, &length) == 0
            }
        }
        guard bound else { throw Errno(rawValue: errno) }
        self.socket = socket
        address = loopback(Int(UInt16(bigEndian: own.sin_port)))
        startThread { [self] in serve(reply) }
    }

    /// Ends the thread: an empty datagram to itself wakes it.
    func stop() {
        stopped.withLock { $0 = true }
        shutdown(socket, Int32(SHUT_RDWR))
    }

    private func serve(_ reply: @Sendable (Query) -> [UInt8]?) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var peer = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = withUnsafeMutablePointer(to: &peer) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(socket, &buffer, buffer.count, 0, $0, &length)
                }
            }
            if stopped.withLock({ $0 }) { break }
            guard count > 12 else { continue }
            let query = Self.read(Array(buffer[..<count]))
            asked.withLock { $0.append("\(query.name) \(query.type == 1 ? "A" : "AAAA")") }
            queries.append(query)
            guard let answer = reply(query) else { continue }
            _ = withUnsafePointer(to: &peer) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(socket, answer, answer.count, 0, $0, length)
                }
            }
        }
        close(socket)
    }

    private static func read(_ wire: [UInt8]) -> Query {
        var labels: [String] = []
        var index = 12
        while wire[index] != 0 {
            labels.append(String(decoding: wire[(index + 1)...(index + Int(wire[index]))], as: UTF8.self).lowercased())
            index += Int(wire[index]) + 1
        }
        return Query(
            wire: wire, name: labels.joined(separator: "."),
            type: UInt16(wire[index + 1]) << 8 | UInt16(wire[index + 2]))
    }
}

private func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Start: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, Unmanaged.passRetained(Start(body)).toOpaque())
    pthread_detach(thread)
}
