import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct NTPPacketTests {
    @Test func packetsReadBackAsWritten() throws {
        var generator = SeededGenerator(seed: 0x17B)
        for _ in 0..<1000 {
            let bytes = (0..<48).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let packet = try #require(NTPPacket(bytes))
            #expect(packet.bytes == bytes)
            #expect(NTPPacket(bytes + [1, 2, 3]) == packet)
            #expect(NTPPacket(bytes.dropLast()) == nil)
        }
    }

    @Test func timestampsAcrossTheEra() {
        // 2036-02-07T06:28:16Z: era 1 begins.
        let turn = WallTime(nanoseconds: 2_085_978_496_000_000_000)
        #expect(NTPTimestamp(turn).bits == 0)
        let before = NTPTimestamp(WallTime(nanoseconds: turn.nanoseconds - 500_000_000))
        #expect(before.bits == 0xffff_ffff_8000_0000)
        let after = NTPTimestamp(WallTime(nanoseconds: turn.nanoseconds + 250_000_000))
        #expect(NTPTimestamp.span(from: before, to: after) == .milliseconds(750.0))
        #expect(NTPTimestamp.span(from: after, to: before) == .milliseconds(-750.0))
        #expect(after.wallTime(near: turn)?.nanoseconds == turn.nanoseconds + 250_000_000)
        #expect(NTPTimestamp(bits: 0).wallTime(near: turn) == nil)
        #expect(NTPTimestamp(WallTime(nanoseconds: 0)).bits == 2_208_988_800 << 32)
    }

    @Test func offsetAndDelayOfAScriptedExchange() {
        let start = WallTime(nanoseconds: 1_700_000_000_000_000_000)
        func server(_ milliseconds: Int64) -> NTPTimestamp {
            NTPTimestamp(WallTime(nanoseconds: start.nanoseconds + milliseconds * 1_000_000))
        }
        var packet = NTPPacket()
        (packet.receive, packet.transmit) = (server(2010), server(2015))
        let sent = (wall: start, monotonic: Instant(nanoseconds: 0))
        // 10 ms there, 5 ms served, 20 ms back, the server 2 s ahead; and our wall clock was set back by an hour.
        let now = (
            wall: WallTime(nanoseconds: start.nanoseconds - 3_600_000_000_000),
            monotonic: Instant(nanoseconds: 35_000_000)
        )
        let reply = NTPExchange.reply(packet, sent, now)
        #expect(abs(reply.offset.inMilliseconds - 1995) < 0.001)
        #expect(abs(reply.delay.inMilliseconds - 30) < 0.001)
        #expect(reply.clockStepped)
        let steady = (
            wall: WallTime(nanoseconds: start.nanoseconds + 35_000_000), monotonic: Instant(nanoseconds: 35_000_000)
        )
        #expect(!NTPExchange.reply(packet, sent, steady).clockStepped)
    }

    @Test func referencesAreShownAsTheyAreMeant() {
        var packet = NTPPacket()
        packet.stratum = 1
        packet.referenceID = 0x4750_5300
        #expect(packet.referenceText == "GPS" && packet.kissCode == nil)
        packet.referenceID = 0x4750_1b00
        #expect(packet.referenceText == "0x47501b00")
        packet.stratum = 3
        #expect(packet.referenceText == "71.80.27.0")
        packet.stratum = 0
        packet.referenceID = 0x5241_5445
        #expect(packet.kissCode == "RATE")
    }
}
