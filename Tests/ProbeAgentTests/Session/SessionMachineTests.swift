import ProbeNative
import ProbeProtocol
import ProbeTesting
import Testing

@testable import ProbeAgent

/// The rules of one connection, as scripts of events on a clock that nothing waits for.
@Suite struct SessionMachineTests {
    private typealias Action = SessionMachine.Action

    /// A machine with its clock.
    private struct Script {
        var machine: SessionMachine
        var now = Instant(nanoseconds: 1_000_000_000)
        var wall = WallTime(nanoseconds: 1_767_225_600_000_000_000)

        init(heartbeat: Duration = .seconds(15), serverAcknowledges: Bool = false) {
            machine = SessionMachine(heartbeat: heartbeat, serverAcknowledges: serverAcknowledges, at: now)
        }

        mutating func receive(_ message: InboundMessage) -> [Action] {
            machine.dealtWithFrame(at: now)
            return machine.received(message, at: now, wall: wall)
        }

        mutating func authenticate() {
            _ = machine.opened(at: now)
            _ = receive(.accepted(.init(message: "Connected")))
        }

        /// Time passes; a tick at each deadline on the way. Returns what was due, with its second.
        mutating func pass(_ duration: Duration, answering: Bool = true) -> [(Int, Action)] {
            let start = now
            let end = now + duration
            var actions: [(Int, Action)] = []
            while let due = machine.nextDeadline, due <= end {
                now = due
                actions += machine.tick(at: now).map { (Int((now - start).components.seconds), $0) }
                if answering { machine.dealtWithFrame(at: now) }
            }
            now = end
            return actions
        }
    }

    private func ended(_ actions: [Action]) -> ConnectionEnd? {
        for case .end(let how, _) in actions { return how }
        return nil
    }

    @Test func speaksFirstThenBeatsAndPulls() {
        var script = Script()
        #expect(script.machine.opened(at: script.now) == [.sendAuthentication])
        #expect(!script.machine.isActive)
        #expect(script.receive(.accepted(.init(message: "Connected"))) == [.connected, .sendHeartbeat, .startPulling])
        #expect(script.machine.isActive && script.machine.authenticatedAt == script.now)
    }

    @Test func waitsTenSecondsForTheAuthenticationsAnswer() {
        var script = Script()
        _ = script.machine.opened(at: script.now)
        #expect(script.pass(.seconds(9.999)).isEmpty)
        // Frames that are no answer do not count as one.
        #expect(script.receive(.unknown(type: "hello")).isEmpty)
        #expect(ended(script.pass(.seconds(0.001)).map(\.1)) == .failed)
        #expect(script.machine.nextDeadline == nil)
        #expect(script.receive(.accepted(.init(message: "late"))).isEmpty)
    }

    @Test(arguments: ["Invalid authentication format", "Authentication failed", "Node already connected", "No."])
    func aRefusalEndsTheAttemptWithAdvice(message: String) throws {
        var script = Script()
        _ = script.machine.opened(at: script.now)
        let actions = script.receive(.refused(message: message, details: "why"))
        guard case .end(.refused, let reason) = try #require(actions.first) else {
            Issue.record("\(actions)")
            return
        }
        #expect(reason.contains(message) && !reason.contains("why"))
        // The close frame that follows tells nothing new.
        #expect(script.machine.closed(code: 1008, reason: "", at: script.now).isEmpty)
    }

    @Test func beatsAndPingsInTime() {
        var script = Script(heartbeat: .seconds(15))
        script.authenticate()
        let due = script.pass(.seconds(60))
        #expect(due.filter { $0.1 == .sendHeartbeat }.map(\.0) == [15, 30, 45, 60])
        #expect(due.compactMap { if case .sendPing = $0.1 { $0.0 } else { nil } } == [15, 30, 45, 60])

        var slow = Script(heartbeat: .seconds(60))
        slow.authenticate()
        let rare = slow.pass(.seconds(60))
        #expect(rare.filter { $0.1 == .sendHeartbeat }.map(\.0) == [60])
        #expect(rare.compactMap { if case .sendPing = $0.1 { $0.0 } else { nil } } == [20, 40, 60])
    }

    /// A machine that slept through many heartbeats sends one, not all of them.
    @Test func aLeapOfTheClockMakesNoBurst() {
        var script = Script(heartbeat: .seconds(1))
        script.authenticate()
        script.now = script.now + .seconds(2.9)
        let actions = script.machine.tick(at: script.now)
        #expect(actions.filter { $0 == .sendHeartbeat }.count == 1)
        #expect(script.machine.nextDeadline.map { $0 > script.now } == true)
    }

    @Test(arguments: [(1, 3), (15, 45), (20, 60), (600, 60)])
    func silenceIsDeath(heartbeat: Int, limit: Int) {
        var script = Script(heartbeat: .seconds(heartbeat))
        script.authenticate()
        let due = script.pass(.seconds(120), answering: false)
        #expect(due.last.map(\.0) == limit)
        #expect(ended(due.map(\.1)) == .failed)
    }

    @Test func aPongSettlesWhatWasWrittenBeforeItsPing() {
        var script = Script()
        script.authenticate()
        script.machine.sent(through: 7)
        #expect(script.machine.ping() == .sendPing(1))
        script.machine.sent(through: 9)
        #expect(script.machine.ping() == .sendPing(2))
        #expect(script.machine.receivedPong(99).isEmpty)
        #expect(script.machine.receivedPong(1) == [.settleThrough(7)])
        #expect(script.machine.receivedPong(1).isEmpty)
        #expect(script.machine.receivedPong(2) == [.settleThrough(9)])
    }

    @Test func withAServerThatAcknowledgesAPongSettlesNothing() {
        var script = Script()
        script.authenticate()
        script.machine.sent(through: 7)
        _ = script.machine.ping()
        #expect(script.receive(.resultReceived(requestID: "r1")) == [.settle(requestID: "r1")])
        #expect(script.machine.serverAcknowledges)
        #expect(script.machine.receivedPong(1).isEmpty)

        // The next connection knows it from the start.
        var next = Script(serverAcknowledges: true)
        next.authenticate()
        next.machine.sent(through: 7)
        _ = next.machine.ping()
        #expect(next.machine.receivedPong(1).isEmpty)
    }

    @Test func answersAPingMessage() {
        var script = Script()
        script.authenticate()
        #expect(script.receive(.ping) == [.sendPong])
    }

    @Test(arguments: [UInt16(1000), 1008, 1012, 4001])
    func theServersCloseIsTheEnd(code: UInt16) {
        var script = Script()
        script.authenticate()
        #expect(ended(script.machine.closed(code: code, reason: "why", at: script.now)) == .closed(code))
        #expect(script.machine.closed(code: nil, reason: "", at: script.now).isEmpty)
    }

    @Test func anAbruptEndIsAFailure() {
        var script = Script()
        script.authenticate()
        #expect(ended(script.machine.closed(code: nil, reason: "", at: script.now)) == .failed)
    }

    @Test func aServerThatShutsDownKeepsTheConnectionUntilItGoes() {
        var script = Script()
        script.authenticate()
        _ = script.receive(.serverShutdown(reconnectIn: .seconds(5)))
        #expect(script.machine.isActive)
        #expect(script.receive(.resultReceived(requestID: "late")) == [.settle(requestID: "late")])
        script.now = script.now + .seconds(2)
        #expect(ended(script.machine.closed(code: 1012, reason: "", at: script.now)) == .serverShutdown(.seconds(3)))

        // One that forgets to go is left at the time it said.
        var forgetful = Script()
        forgetful.authenticate()
        _ = forgetful.receive(.serverShutdown(reconnectIn: .seconds(5)))
        #expect(ended(forgetful.pass(.seconds(5)).map(\.1)) == .serverShutdown(.zero))

        var vague = Script()
        vague.authenticate()
        _ = vague.receive(.serverShutdown(reconnectIn: nil))
        #expect(ended(vague.machine.closed(code: nil, reason: "", at: vague.now)) == .serverShutdown(nil))
    }

    @Test func warnsOnceOfAClockThatIsOff() {
        var script = Script()
        _ = script.machine.opened(at: script.now)
        let accepted = AuthenticationAccepted(
            message: "",
            serverTime: WallTime(nanoseconds: script.wall.nanoseconds + 6_000_000_000).iso8601)
        let warned = script.receive(.accepted(accepted))
        guard case .warn(let sentence) = warned.first else {
            Issue.record("\(warned)")
            return
        }
        #expect(sentence.contains("6 s"))
        #expect(script.machine.clockOffset == .seconds(6))
        #expect(script.receive(.heartbeatAck(serverTime: accepted.serverTime)).isEmpty)
        #expect(script.receive(.heartbeatAck(serverTime: script.wall.iso8601)).isEmpty)
        #expect(script.machine.clockOffset == .zero)
        #expect(script.receive(.heartbeatAck(serverTime: "yesterday")).isEmpty)
        #expect(script.receive(.heartbeatAck(serverTime: nil)).isEmpty)
        // 5 s is not more than 5 s.
        script.wall.nanoseconds += 5_000_000_000
        let earlier = WallTime(nanoseconds: script.wall.nanoseconds - 5_000_000_000)
        #expect(script.receive(.heartbeatAck(serverTime: earlier.iso8601)).isEmpty)
    }
}
