import Foundation
import Glibc

/// A server program on loopback ports that were free a moment ago: started in a folder of its own,
/// ready when it accepts connections, stopped whole.
public final class LoopbackServer: Sendable {
    public let folder: TemporaryFolder
    public let ports: [Int]
    private let process: ChildProcess

    /// The server ended, or accepted no connection in time; holds what it said.
    public struct NotReady: Error, CustomStringConvertible {
        public let description: String
    }

    struct Launch {
        let executable: String
        let arguments: [String]
        /// Where the server logs, for the error when it does not come up.
        let log: String
    }

    /// - Parameter prepare: writes the configuration for these ports and says how to start.
    static func start(
        ports count: Int, prepare: (TemporaryFolder, [Int]) throws -> Launch
    ) async throws -> LoopbackServer {
        var lastError: (any Error)?
        // Another program may take a free port before the server binds it.
        for _ in 1...3 {
            let folder = try TemporaryFolder()
            let ports = try FreePorts.take(count)
            let launch = try prepare(folder, ports)
            let process = try ChildProcess.start(launch.executable, launch.arguments)
            let server = LoopbackServer(process, folder: folder, ports: ports)
            do {
                for port in ports { try await server.waitUntilReady(port) }
                return server
            } catch {
                await process.stop()
                let log = (try? String(contentsOfFile: launch.log, encoding: .utf8)) ?? ""
                let said = (process.output.pending + process.errors.pending).joined(separator: "\n")
                lastError = NotReady(description: "\(launch.executable): \(error)\n\(said)\n\(log)")
            }
        }
        throw lastError ?? NotReady(description: "not started")
    }

    private init(_ process: ChildProcess, folder: TemporaryFolder, ports: [Int]) {
        (self.process, self.folder, self.ports) = (process, folder, ports)
    }

    public var pid: Int32 { process.pid }

    public func stop() async { await process.stop() }

    private func waitUntilReady(_ port: Int) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while !FreePorts.accepts(port) {
            if let status = try? await process.exit(within: .milliseconds(10)) {
                throw NotReady(description: "ended with \(status)")
            }
            if ContinuousClock.now > end { throw NotReady(description: "no connection to port \(port)") }
        }
    }
}

/// Ports of 127.0.0.1 and ::1 that are free for TCP and UDP at the moment of asking.
public enum FreePorts {
    public static func take(_ count: Int) throws -> [Int] {
        var held: [Int32] = []
        defer { for descriptor in held { close(descriptor) } }
        var ports: [Int] = []
        for _ in 0..<200 where ports.count < count {
            guard let (descriptor, port) = bindAny() else { continue }
            held.append(descriptor)
            if isFreeOtherwise(port) { ports.append(port) }
        }
        guard ports.count == count else { throw LoopbackServer.NotReady(description: "no \(count) free ports") }
        return ports
    }

    /// Nothing listens on it; a connection is refused.
    public static func closed() throws -> Int { try take(1)[0] }

    static func accepts(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return withAddress(port) { connect(descriptor, $0, $1) } == 0
    }

    private static func bindAny() -> (Int32, Int)? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard withAddress(0, { bind(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            return nil
        }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard code == 0 else {
            close(descriptor)
            return nil
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    private static func isFreeOtherwise(_ port: Int) -> Bool {
        let udp = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(udp) }
        guard withAddress(port, { bind(udp, $0, $1) }) == 0 else { return false }
        for type in [SOCK_STREAM, SOCK_DGRAM] {
            let six = socket(AF_INET6, Int32(type.rawValue), 0)
            defer { close(six) }
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = UInt16(port).bigEndian
            address.sin6_addr = in6addr_loopback
            let code = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(six, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
            // A machine without IPv6 cannot have it taken.
            guard code == 0 || errno != EADDRINUSE else { return false }
        }
        return true
    }

    private static func withAddress(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
