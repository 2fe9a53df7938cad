import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct PacerTests {
    private let time = ManualTime()

    @Test func whatIsUnansweredFitsIntoHalfTheBuffer() {
        var pacer = Pacer(receiveBuffer: 212_992)
        var admitted = 0
        while pacer.admit(size: 56, at: time.now) != nil { admitted += 1 }
        #expect(admitted == 46)
        #expect(pacer.level <= 106_496)
    }

    @Test func aReplyGivesItsShareBackOnce() throws {
        var pacer = Pacer(receiveBuffer: 4 * Pacer.packetCost)
        let (first, second) = (pacer.admit(size: 56, at: time.now), pacer.admit(size: 56, at: time.now))
        #expect(second != nil)
        #expect(pacer.admit(size: 56, at: time.now) == nil)
        for _ in 1...2 { pacer.giveBack(try #require(first)) }
        #expect(pacer.level == Pacer.packetCost)
        #expect(pacer.admit(size: 56, at: time.now) != nil)
        #expect(pacer.admit(size: 56, at: time.now) == nil)
    }

    @Test func silentHostsHoldUpNobodyForLong() throws {
        var pacer = Pacer(receiveBuffer: 2 * Pacer.packetCost)
        let ticket = pacer.admit(size: 56, at: time.now)
        time.advance(by: .milliseconds(9))
        pacer.expire(at: time.now)
        #expect(pacer.admit(size: 56, at: time.now) == nil)
        time.advance(by: .milliseconds(1))
        #expect(pacer.admit(size: 56, at: time.now) == nil, "not before the buffer was read")
        pacer.expire(at: time.now)
        #expect(pacer.admit(size: 56, at: time.now) != nil)
        // Its late reply gives nothing back that is not its own.
        pacer.giveBack(try #require(ticket))
        #expect(pacer.level == Pacer.packetCost)
    }

    @Test func aPacketLargerThanEverythingGoesAlone() {
        var pacer = Pacer(receiveBuffer: 50_000)
        #expect(pacer.admit(size: 65500, at: time.now) != nil)
        #expect(pacer.admit(size: 0, at: time.now) == nil)
    }
}
