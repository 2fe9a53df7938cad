import ProbeTesting
import Testing

@testable import ProbeNative

/// One lane, raw sockets and engine for the suites: raw sockets are few, and opening them is the slow part.
enum PingLab {
    static let lane = PingLane.open(workers: 4)
    static let sockets = RawSockets.open()
    static let engine: Engine? = {
        var configuration = EngineConfiguration()
        configuration.rawSockets = sockets
        return try? Engine(configuration, registry: ToolRegistry([PingTool(lane: lane)]))
    }()

    /// Those that need a raw socket: the same tests hold for both, liboping being the judge.
    static let engines = [PingParameters.Engine.liboping, .raw]
    static var isAvailable: Bool {
        lane.unavailable == nil && sockets.failure(.v4) == nil && sockets.failure(.v6) == nil
    }

    static func run(
        _ target: String, _ members: [ParameterValue.Member] = [], by name: PingParameters.Engine? = nil,
        timeout: Duration? = nil
    ) async throws -> (report: PingReport, outcome: ProbeOutcome) {
        let probe = try PingTool(lane: lane).prepare(target: target, parameters: members + .engine(name))
        let outcome = try await #require(engine).run(probe, timeout: timeout).outcome
        return (try #require(outcome.report as? PingReport), outcome)
    }
}

extension [ParameterValue.Member] {
    static func engine(_ name: PingParameters.Engine?) -> Self {
        name.map { [ParameterValue.Member("engine", .string($0.rawValue))] } ?? []
    }
}

private typealias Member = ParameterValue.Member

@Suite(.enabled(if: PingLab.isAvailable, "pinging needs CAP_NET_RAW"))
struct PingToolTests {
    @Test(arguments: ["127.0.0.1", "::1", "127.3.2.1", "[::1]"], PingLab.engines)
    func loopbackAnswersEachPacket(_ target: String, _ engine: PingParameters.Engine) async throws {
        let (report, outcome) = try await PingLab.run(
            target, [Member("count", .integer(3)), Member("interval_ms", .integer(10))], by: engine)
        #expect(outcome.failure == nil)
        #expect(report.sent == 3 && report.received == 3 && report.loss == 0)
        #expect(report.packets.map(\.seq) == [1, 2, 3])
        for packet in report.packets {
            #expect(packet.from == IPAddress(target))
            #expect(packet.ttl == 64)
            let rtt = try #require(packet.rtt)
            #expect(rtt > .zero && rtt < .seconds(1))
        }
        #expect(outcome.resolvedAddress == IPAddress(target))
        #expect(outcome.quality.clockStepped == false)
        #expect(report.engine == engine.rawValue)
    }

    @Test(arguments: [0, 3, 4, 7, 8, 56, 1472, 4000, 4001, 65500], PingLab.engines)
    func everySizeIsAnswered(_ size: Int, _ engine: PingParameters.Engine) async throws {
        // What liboping cannot do, the other does unasked.
        let wanted = size > EchoSocket.maximumSize ? nil : engine
        for target in ["127.0.0.1", "::1"] {
            let (report, _) = try await PingLab.run(
                target,
                [
                    Member("count", .integer(2)), Member("interval_ms", .integer(10)),
                    Member("size", .integer(Int64(size))),
                ], by: wanted)
            #expect(report.received == 2, "\(target), \(size) bytes")
            #expect(report.engine == (wanted ?? .raw).rawValue)
        }
    }

    @Test(arguments: PingLab.engines) func aSilentHostIsNoReply(_ engine: PingParameters.Engine) async throws {
        // 240/4 is reserved (RFC 1112): nobody answers, if there is a route at all.
        let (report, outcome) = try await PingLab.run(
            "240.0.0.1",
            [Member("count", .integer(2)), Member("interval_ms", .integer(10)), Member("timeout_ms", .integer(30))],
            by: engine)
        #expect(report.received == 0)
        #expect([.noReply, .networkUnreachable, .hostUnreachable].contains(outcome.failure?.code))
        #expect(outcome.failure?.isMeasurement == true)
    }

    @Test(arguments: PingLab.engines)
    func stopOnReplySendsOnePacket(_ engine: PingParameters.Engine) async throws {
        let (report, outcome) = try await PingLab.run("127.0.0.1", [Member("stop_on_reply", .bool(true))], by: engine)
        #expect(report.sent == 1 && outcome.failure == nil)
    }

    @Test(arguments: PingLab.engines) func packetsKeepTheirInterval(_ engine: PingParameters.Engine) async throws {
        let start = SystemTime().now
        _ = try await PingLab.run(
            "127.0.0.1", [Member("count", .integer(4)), Member("interval_ms", .integer(50))], by: engine)
        #expect(SystemTime().now - start >= .milliseconds(150))
    }

    @Test(arguments: PingLab.engines)
    func aPingIsCutAtItsDeadlineWithWhatItHas(_ engine: PingParameters.Engine) async throws {
        let (report, outcome) = try await patiently(until: { $0.report.received > 0 }) { scale in
            try await PingLab.run(
                "127.0.0.1", [Member("count", .integer(100)), Member("interval_ms", .integer(Int64(50 * scale)))],
                by: engine, timeout: .milliseconds(230) * scale)
        }
        #expect(outcome.failure?.code == .deadlineExceeded)
        #expect(outcome.failure?.isMeasurement == true)
        #expect((1...5).contains(report.sent) && report.received == report.sent)
    }

    @Test(arguments: PingLab.engines) func aCancelledPingEndsAtOnce(_ name: PingParameters.Engine) async throws {
        let engine = try #require(PingLab.engine)
        let probe = try PingTool(lane: PingLab.lane).prepare(
            target: "240.0.0.1", parameters: [Member("timeout_ms", .integer(20000))] + .engine(name))
        let start = engine.time.now
        let result = await withCheckedContinuation { continuation in
            let running = engine.start(probe, deadline: start + .seconds(60)) { continuation.resume(returning: $0) }
            running.stop(.cancelled)
        }
        #expect(result.outcome.failure?.code == .cancelled)
        #expect(engine.time.now - start < .seconds(15))
    }

    @Test(arguments: [
        ("count", ParameterValue.integer(0)), ("count", .integer(101)), ("interval_ms", .integer(9)),
        ("timeout_ms", .integer(0)), ("size", .integer(65501)), ("size", .integer(-1)),
        ("ttl", .integer(0)), ("ttl", .integer(256)), ("tos", .integer(256)), ("dont_fragment", .string("perhaps")),
        ("protocol", .string("udp")), ("port", .integer(0)), ("port", .integer(65536)),
        ("source", .string("no/interface")), ("engine", .string("fping")), ("stop_on_reply", .string("perhaps")),
    ])
    func badParametersAreRefusedByName(_ name: String, _ value: ParameterValue) {
        let error = #expect(throws: InvalidInput.self) {
            try PingTool(lane: PingLab.lane).prepare(target: "127.0.0.1", parameters: [.init(name, value)])
        }
        #expect(error?.code == .invalidParameters)
        #expect(error?.detail.contains(name) == true)
    }

    @Test func anAddressOfTheOtherFamilyIsNoAddress() async throws {
        let probe = try PingTool(lane: PingLab.lane).prepare(
            target: "127.0.0.1", parameters: [Member("ip_version", .integer(6))])
        let result = try await #require(PingLab.engine).run(probe)
        #expect(result.outcome.failure?.code == .noAddress)
        #expect(result.outcome.failure?.stage == .resolve)
    }

    @Test(arguments: [
        ("size", ParameterValue.integer(4001)), ("dont_fragment", .bool(true)), ("source", .string("127.0.0.1")),
    ])
    func libopingIsNotAskedForWhatItCannotDo(_ name: String, _ value: ParameterValue) {
        let error = #expect(throws: InvalidInput.self) {
            try PingTool(lane: PingLab.lane).prepare(
                target: "127.0.0.1", parameters: [.init(name, value)] + .engine(.liboping))
        }
        #expect(error?.detail.contains(name) == true)
    }

    @Test func libopingIsTheEngineOfChoiceWhileItHasAThreadFree() async throws {
        let once = [Member("count", .integer(1)), Member("timeout_ms", .integer(20000))]
        #expect(try await PingLab.run("127.0.0.1", once).report.engine == "liboping")
        let engine = try #require(PingLab.engine)
        // Four silent hosts take the four threads.
        let probe = try PingTool(lane: PingLab.lane).prepare(
            target: "240.0.0.1", parameters: once + .engine(.liboping))
        let busy = (0..<4).map { _ in engine.start(probe, deadline: engine.time.now + .seconds(60)) { _ in } }
        defer { for probe in busy { probe.stop(.cancelled) } }
        guard try await waitUntilBusy() else { return }
        #expect(try await PingLab.run("127.0.0.1", once).report.engine == "raw")
    }

    /// False where 240.0.0.1 has no route, so that nothing waits for it.
    private func waitUntilBusy() async throws -> Bool {
        for _ in 0..<2000 where PingLab.lane.isQuiet { try await Task.sleep(for: .milliseconds(5)) }
        return !PingLab.lane.isQuiet
    }
}
