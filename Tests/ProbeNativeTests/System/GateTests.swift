import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct GateTests {
    private struct DenyAll: AddressPolicy {
        func denial(of request: PolicyRequest) -> String? { "\(request.address) is denied." }
    }

    /// The policy holds only if there is one door: the calls that open or aim a socket stand where they should and
    /// nowhere else.
    @Test func socketsAreOpenedInOnePlace() throws {
        let doors: [(pattern: String, files: Set<String>)] = [
            (#"Glibc\.(socket|connect|bind|sendto|sendmsg|sendmmsg)\("#, ["Syscalls.swift"]),
            (
                #"Syscalls\.socket\("#,
                ["Gate.swift", "Gate+Datagram.swift", "Gate+Packets.swift", "Gate+Ping.swift", "RawSockets.swift"]
            ),
            (#"probe_send_packet\("#, ["Syscalls+Packets.swift"]),
            (#"Syscalls\.sendPacket\("#, ["Gate+Packets.swift"]),
            (
                #"Syscalls\.(connect|bind)\("#,
                ["Gate.swift", "Gate+Datagram.swift", "Gate+Packets.swift", "Gate+Ping.swift", "Socket.swift"]
            ),
        ]
        let root = URL(fileURLWithPath: Places.testFile("../Sources/ProbeNative"))
        let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
        var seen = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            seen += 1
            let text = try String(contentsOf: file, encoding: .utf8)
            for door in doors where text.range(of: door.pattern, options: .regularExpression) != nil {
                #expect(
                    door.files.contains(file.lastPathComponent), "\(file.lastPathComponent) matches \(door.pattern)")
            }
        }
        #expect(seen > 20)
    }

    @Test func aDeniedAddressGetsNoSocket() async throws {
        let failure = await outcome(DenyAll(), port: 9)
        #expect(failure?.code == .policyDenied && failure?.stage == .policy)
    }

    @Test func aClosedPortIsRefused() async throws {
        let failure = await outcome(AllowAll(), port: 1)
        #expect(failure?.code == .connectionRefused && failure?.stage == .connect)
        #expect(failure?.detail == "Connecting to 127.0.0.1:1 failed: Connection refused.")
    }

    @Test func waitingForADescriptorEndsAtTheDeadline() async throws {
        let failure = await outcome(AllowAll(), port: 1, descriptors: 1, hold: true)
        #expect(failure?.code == .localResourceExhausted)
    }

    private func outcome(
        _ policy: any AddressPolicy, port: UInt16, descriptors: Int = 8, hold: Bool = false
    ) async -> ProbeFailure? {
        guard let reactor = try? started() else { return nil }
        defer { reactor.stop() }
        return await on(reactor) { reactor -> ProbeFailure? in
            let gate = Gate(reactor: reactor, policy: policy, descriptorLimit: descriptors)
            let held = hold ? try? await gate.descriptors.draw(until: .distantFuture, stage: .connect) : nil
            defer { withExtendedLifetime(held) {} }
            let request = PolicyRequest(
                tool: "test", purpose: .target, address: IPAddress(v4: 0x7f00_0001), port: port)
            do throws(ProbeFailure) {
                _ = try await gate.connect(
                    .tcp, to: SocketAddress(request.address, port: port), as: request,
                    until: reactor.now + .milliseconds(200.0))
                return nil
            } catch { return error }
        }
    }
}
