import ProbeTesting
import Testing

@testable import ProbeNative

/// One lane and engine for the suites: raw sockets are few, and opening them is the slow part.
enum PingLab {
    static let lane = PingLane.open(workers: 4)
    static let engine: Engine? = try? Engine(EngineConfiguration(), registry: ToolRegistry([PingTool(lane: lane)]))

    static func run(
        _ target: String, _ members: [ParameterValue.Member] = [], timeout: Duration? = nil
    ) async throws -> (report: PingReport, outcome: ProbeOutcome) {
        let probe = try PingTool(lane: lane).prepare(target: target, parameters: members)
        let outcome = try await #require(engine).run(probe, timeout: timeout).outcome
        return (try #require(outcome.report as? PingReport), outcome)
    }
}

private typealias Member = ParameterValue.Member

@Suite(.enabled(if: PingLab.lane.unavailable == nil, "pinging needs CAP_NET_RAW"))
struct PingToolTests {
    @Test(arguments: ["127.0.0.1", "::1", "127.3.2.1", "[::1]"])
    func loopbackAnswersEachPacket(_ target: String) async throws {
        let (report, outcome) = try await PingLab.run(
            target, [Member("count", .integer(3)), Member("interval_ms", .integer(10))])
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
        #expect(report.engine == "liboping")
    }

    @Test(arguments: [0, 3, 4, 7, 8, 56, 1472, 4000])
    func everySizeIsAnswered(_ size: Int) async throws {
        for target in ["127.0.0.1", "::1"] {
            let (report, _) = try await PingLab.run(
                target,
                [
                    Member("count", .integer(2)), Member("interval_ms", .integer(10)),
                    Member("size", .integer(Int64(size))),
                ])
            #expect(report.received == 2, "\(target), \(size) bytes")
        }
    }

    @Test func aSilentHostIsNoReply() async throws {
        // 240/4 is reserved (RFC 1112): nobody answers, if there is a route at all.
        let (report, outcome) = try await PingLab.run(
            "240.0.0.1",
            [Member("count", .integer(2)), Member("interval_ms", .integer(10)), Member("timeout_ms", .integer(30))])
        #expect(report.received == 0)
        #expect([.noReply, .networkUnreachable, .hostUnreachable].contains(outcome.failure?.code))
        #expect(outcome.failure?.isMeasurement == true)
    }

    @Test func stopOnReplySendsOnePacket() async throws {
        let (report, outcome) = try await PingLab.run("127.0.0.1", [Member("stop_on_reply", .bool(true))])
        #expect(report.sent == 1 && outcome.failure == nil)
    }

    @Test func packetsKeepTheirInterval() async throws {
        let start = SystemTime().now
        _ = try await PingLab.run("127.0.0.1", [Member("count", .integer(4)), Member("interval_ms", .integer(50))])
        #expect(SystemTime().now - start >= .milliseconds(150))
    }

    @Test func aPingIsCutAtItsDeadlineWithWhatItHas() async throws {
        let (report, outcome) = try await PingLab.run(
            "127.0.0.1", [Member("count", .integer(100)), Member("interval_ms", .integer(50))],
            timeout: .milliseconds(230))
        #expect(outcome.failure?.code == .deadlineExceeded)
        #expect(outcome.failure?.isMeasurement == true)
        #expect((1...5).contains(report.sent) && report.received == report.sent)
    }

    @Test func aCancelledPingEndsAtOnce() async throws {
        let engine = try #require(PingLab.engine)
        let probe = try PingTool(lane: PingLab.lane).prepare(
            target: "240.0.0.1", parameters: [Member("timeout_ms", .integer(20000))])
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
        ("timeout_ms", .integer(0)), ("size", .integer(4001)), ("size", .integer(65501)), ("size", .integer(-1)),
        ("ttl", .integer(0)), ("ttl", .integer(256)), ("tos", .integer(256)), ("dont_fragment", .bool(true)),
        ("protocol", .string("udp")), ("port", .integer(0)), ("port", .integer(65536)),
        ("source", .string("127.0.0.1")), ("stop_on_reply", .string("perhaps")),
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
}
