import CLinux
import Glibc
import ProbeTesting
import Testing

@testable import ProbeNative

@Suite(.enabled(if: RawLab.isAvailable, "\(RawLab.unavailableReason)"))
struct ICMPEngineTests {
    private struct DenyAll: AddressPolicy {
        func denial(of request: PolicyRequest) -> String? { "\(request.address) is denied." }
    }

    private static func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    @Test(arguments: ["127.0.0.1", "::1", "127.3.2.1"], [0, 1, 8, 56, 1472, 8000, 65500])
    func loopbackAnswers(_ target: String, _ size: Int) async throws {
        let address = try Self.address(target)
        for index in 0..<2 {
            let event = try await RawLab.run(reactor: index) { context in
                let flow = try context.reactor.local(ICMPEngine.self).openEcho(to: address, rest: .seconds(1))
                let sent = try await flow.send(Departure(), size: size, in: context)
                let event = await ICMPEngine.next(flow, context)
                #expect(event?.sent == sent)
                return event
            }
            guard case .reply(let from, let hopLimit, let got) = event?.kind else {
                Issue.record("\(target), \(size) bytes: \(String(describing: event))")
                continue
            }
            #expect(from == address && hopLimit == 64 && got == size)
            #expect(event?.isDuplicate == false && event?.clockStepped == false)
            let rtt = try #require(event?.rtt)
            #expect(rtt >= .zero && rtt < .seconds(5))
        }
    }

    @Test func repliesReachTheirOwnFlowAlone() async throws {
        let received = try await RawLab.run { context -> [[UInt16]] in
            let engine = context.reactor.local(ICMPEngine.self)
            let flows = try (0..<50).map { _ in
                try engine.openEcho(to: IPAddress(v4: 0x7f00_0001), rest: .zero)
            }
            #expect(Set(flows.map(\.ident)).count == 50)
            for _ in 1...4 { for flow in flows { _ = try await flow.send(Departure(), size: 56, in: context) } }
            var received: [[UInt16]] = []
            for flow in flows {
                var sequences: [UInt16] = []
                for _ in 1...4 {
                    if let event = await ICMPEngine.next(flow, context) { sequences.append(event.sent.sequence) }
                }
                #expect(flow.events.take() == nil)
                received.append(sequences)
            }
            return received
        }
        #expect(received == Array(repeating: [1, 2, 3, 4], count: 50))
    }

    @Test func theIdentsTopBitsNameTheReactor() async throws {
        for index in 0..<2 {
            let ident = try await RawLab.run(reactor: index) { context in
                try context.reactor.local(ICMPEngine.self).openEcho(to: IPAddress(v4: 0x7f00_0001), rest: .zero).ident
            }
            #expect(Int(ident >> 15) == index)
        }
        #expect(IdentRange(reactor: 2, of: 3) == IdentRange(reactor: 2, of: 4))
        #expect(IdentRange(reactor: 0, of: 1).count == 65536)
    }

    @Test func anotherReactorsRepliesAreKeptOutByTheKernel() async throws {
        // Its socket is open for replies, but the other's never enter it.
        let before = try await RawLab.run(reactor: 1) { context in
            _ = try context.reactor.local(ICMPEngine.self).openEcho(to: IPAddress(v4: 0x7f00_0001), rest: .zero)
            return context.reactor.local(ICMPEngine.self).received(.v4)
        }
        try await RawLab.run(reactor: 0) { context in
            let flow = try context.reactor.local(ICMPEngine.self).openEcho(
                to: IPAddress(v4: 0x7f00_0001), rest: .zero)
            for _ in 1...20 {
                _ = try await flow.send(Departure(), size: 56, in: context)
                #expect(await ICMPEngine.next(flow, context) != nil)
            }
        }
        let after = try await RawLab.run(reactor: 1) { context in
            context.reactor.local(ICMPEngine.self).read(.v4)
            return context.reactor.local(ICMPEngine.self).received(.v4)
        }
        #expect(after == before)
    }

    @Test(arguments: ["127.0.0.1", "::1"]) func aUDPProbesErrorFindsItsWatch(_ target: String) async throws {
        let address = try Self.address(target)
        let port = UInt16(try #require(try FreePorts.take(1).first))
        let error = try await RawLab.run { context -> ICMPError? in
            let remote = SocketAddress(address, port: port)
            let socket = try await context.gate.connect(
                .udp, to: remote, as: context.request(.target, address, port: port), until: context.deadline)
            let local = try #require(socket.localAddress)
            let inbox = Inbox<ICMPError>(context.reactor)
            let key = ICMPEngine.ProbeKey(.udp, to: remote, from: local.port)
            let watch = try context.reactor.local(ICMPEngine.self).watch(key) { inbox.put($0) }
            defer { watch.end() }
            try await socket.send([1, 2, 3, 4], until: context.deadline)
            guard case .event(let error) = await inbox.next(until: context.now + .seconds(10)) else { return nil }
            guard case .udp(let from, let to, let length, _) = error.quoted.transport else { return nil }
            #expect(from == local.port && to == port && length == 12)
            return error
        }
        #expect(error?.reason == "port_unreachable" && error?.from == address)
        #expect(error?.quoted.destination == address)
    }

    @Test func aKeyIsWatchedOnce() async throws {
        try await RawLab.run { context in
            let engine = context.reactor.local(ICMPEngine.self)
            let key = ICMPEngine.ProbeKey(
                .udp, to: SocketAddress(IPAddress(v4: 0x7f00_0001), port: 9), from: 40000)
            let watch = try engine.watch(key) { _ in }
            let error = #expect(throws: ProbeFailure.self) { try engine.watch(key) { _ in } }
            #expect(error?.code == .localResourceExhausted)
            watch.end()
            _ = try engine.watch(key) { _ in }
        }
    }

    @Test(arguments: ["127.0.0.1", "::1"]) func synProbesFindOpenAndClosedPorts(_ target: String) async throws {
        let address = try Self.address(target)
        let listener = try Listener(address)
        let closed = UInt16(try #require(try FreePorts.take(1).first))
        let kinds = try await RawLab.run { context -> [String] in
            var kinds: [String] = []
            for port in [listener.port, closed] {
                let flow = try context.reactor.local(SYNEngine.self).open(
                    to: SocketAddress(address, port: port), in: context)
                for _ in 1...3 {
                    let sent = try await flow.send(Departure(hopLimit: 7), in: context)
                    guard case .event(let event) = await flow.events.next(until: context.now + .seconds(10)) else {
                        return kinds + ["nothing"]
                    }
                    #expect(event.sent == sent && event.rtt >= .zero)
                    switch event.kind {
                    case .synAck(let hops): kinds.append("open \(hops ?? 0)")
                    case .reset(let hops): kinds.append("closed \(hops ?? 0)")
                    case .error(let error): kinds.append(error.reason)
                    }
                }
            }
            return kinds
        }
        #expect(kinds == Array(repeating: "open 64", count: 3) + Array(repeating: "closed 64", count: 3))
    }

    private final class Listener: Sendable {
        private let descriptor: FileDescriptor
        let port: UInt16
        init(_ address: IPAddress) throws {
            descriptor = try Syscalls.socket(address.family.domain, Int32(SOCK_STREAM.rawValue), 0)
            try Syscalls.bind(descriptor.number, to: SocketAddress(address, port: 0))
            try #require(listen(descriptor.number, 16) == 0)
            port = try #require(try Syscalls.localAddress(descriptor.number)).port
        }
    }

    @Test func theSourceIsTheOneAskedFor() async throws {
        let source = try Self.address("127.9.8.7")
        let failure = try await RawLab.run { context -> ProbeFailure? in
            let flow = try context.reactor.local(ICMPEngine.self).openEcho(
                to: IPAddress(v4: 0x7f00_0001), rest: .zero)
            _ = try await flow.send(Departure(source: .address(source)), size: 56, in: context)
            #expect(await ICMPEngine.next(flow, context) != nil)
            _ = try await flow.send(Departure(source: .interface("lo")), size: 56, in: context)
            #expect(await ICMPEngine.next(flow, context) != nil)
            do throws(ProbeFailure) {
                _ = try await flow.send(
                    Departure(source: .address(IPAddress(v4: 0xc000_0207))), size: 56, in: context)
                return nil
            } catch { return error }
        }
        #expect(failure?.code == .invalidParameters)
        #expect(failure?.detail.contains("source") == true)
    }

    @Test func policyIsAskedBeforeEachPacket() async throws {
        var configuration = EngineConfiguration()
        configuration.rawSockets = RawLab.sockets
        configuration.policy = DenyAll()
        let engine = try Engine(configuration, registry: ToolRegistry([]))
        defer { engine.stop() }
        let codes = try await RawLab.run(on: engine) { context -> [ErrorCode] in
            var codes: [ErrorCode] = []
            do throws(ProbeFailure) {
                let flow = try context.reactor.local(ICMPEngine.self).openEcho(
                    to: IPAddress(v4: 0x7f00_0001), rest: .zero)
                _ = try await flow.send(Departure(), size: 56, in: context)
            } catch { codes.append(error.code) }
            do throws(ProbeFailure) {
                _ = try context.reactor.local(SYNEngine.self).open(
                    to: SocketAddress(IPAddress(v4: 0x7f00_0001), port: 80), in: context)
            } catch { codes.append(error.code) }
            return codes
        }
        #expect(codes == [.policyDenied, .policyDenied])
    }

    @Test func whatTheBufferHasNoRoomForIsTheNodesOwnLoss() async throws {
        var configuration = EngineConfiguration()
        configuration.rawSockets = RawSockets.open(reactors: 1, receiveBuffer: 8192)
        let engine = try Engine(configuration, registry: ToolRegistry([]))
        defer { engine.stop() }
        let results = try await RawLab.run(on: engine) { context -> [EchoResult] in
            let loopback = IPAddress(v4: 0x7f00_0001)
            let flow = try context.reactor.local(ICMPEngine.self).openEcho(to: loopback, rest: .zero)
            let pinger = FlowEngine("raw", flow, dontFragment: false)
            let echo = Echo(
                address: loopback, ttl: 64, tos: 0, size: 56, timeout: .milliseconds(50), isImpatient: false, number: 1)
            // Strangers' replies with our ident, while this thread is busy: with making them.
            var forged = EchoMessage.request(.v4, ident: flow.ident, sequence: 1, size: 56, cookie: [])
            forged[0] = 0
            let stranger = try Syscalls.socket(AF_INET, Int32(SOCK_RAW.rawValue), Int32(IPPROTO_ICMP))
            try Syscalls.attach(.nothing, to: stranger.number)
            var departure = probe_departure()
            (departure.hop_limit, departure.traffic_class) = (-1, -1)
            for _ in 1...200 {
                try forged.withUnsafeBytes {
                    try Syscalls.sendPacket(stranger.number, $0, to: SocketAddress(loopback, port: 0), departure)
                }
            }
            let lost = await pinger.send(echo, in: context)
            #expect((pinger.receiveOverflow ?? 0) > 1)
            return [lost, await pinger.send(echo, in: context)]
        }
        #expect(results[0].outcome == .timeout && results[0].overflowed)
        guard case .reply = results[1].outcome else {
            Issue.record("\(results[1])")
            return
        }
    }

    @Test func withoutSocketsItSaysSo() async throws {
        let engine = try Engine(registry: ToolRegistry([]))
        defer { engine.stop() }
        let failure = try await RawLab.run(on: engine) { $0.reactor.local(ICMPEngine.self).failure(.v4) }
        #expect(failure == .rawSocketsNotOpened)
    }

    @Test func withoutThePermissionItSaysHowToGrantIt() async throws {
        let sockets = try await OwnThread.run {
            try Capability.netRaw.drop()
            return RawSockets.open(reactors: 1)
        }
        for family in IPAddress.Family.allCases {
            let failure = try #require(sockets.failure(family))
            #expect(failure.code == .permissionDenied)
            #expect(failure.detail.contains("setcap cap_net_raw+p"))
        }
    }
}
