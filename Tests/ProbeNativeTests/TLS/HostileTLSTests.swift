import ProbeTesting
import Testing

@testable import ProbeNative

/// TLSStream over a stream that says what a test wants, as fast as it is read.
@Suite struct HostileTLSTests {
    /// Gives the same bytes again and again, and moves the clock by a millisecond each time.
    private final class Flood: ByteStream {
        let bytes: [UInt8]
        let time: ManualTime
        private(set) var reads = 0
        private(set) var sent: [UInt8] = []

        init(_ bytes: [UInt8], _ time: ManualTime) { (self.bytes, self.time) = (bytes, time) }

        func read(
            atMost limit: Int, until deadline: Instant, stage: Stage, timeout code: ErrorCode
        ) async throws(ProbeFailure) -> [UInt8] {
            reads += 1
            time.advance(by: .milliseconds(1))
            return Array(bytes.prefix(limit))
        }

        func write(
            _ bytes: [UInt8], until deadline: Instant, stage: Stage, timeout code: ErrorCode
        ) async throws(ProbeFailure) { sent += bytes }

        func closeWithReset() {}
    }

    private struct Met: Sendable {
        var failure: ProbeFailure?
        var reads: Int
        var sent: [UInt8]
        var isFreed: Bool
    }

    private func meet(_ bytes: [UInt8], _ mode: TLSOptions.Mode = .measuring) async throws -> Met {
        let certificates = try await TestCertificates.shared()
        let trust = try TLSBench.trust(certificates.authority)
        let time = ManualTime()
        let bench = try TLSBench(time)
        defer { bench.stop() }
        return await on(bench.reactor) { reactor in
            let flood = Flood(bytes, time)
            weak var freed: TLSStream?
            var failure: ProbeFailure?
            do throws(ProbeFailure) {
                let tls = try await TLSStream.make(
                    over: flood, to: .name("good.test"), TLSOptions(mode, trust: trust), on: reactor,
                    until: reactor.now)
                freed = tls
                try await tls.handshake(until: reactor.now + .seconds(1))
            } catch { failure = error }
            return Met(failure: failure, reads: flood.reads, sent: flood.sent, isFreed: freed == nil)
        }
    }

    /// HelloRequests, which a client in a handshake passes over (RFC 5246 section 7.4.1.1), without end.
    @Test func aFloodEndsAtTheDeadline() async throws {
        let request: [UInt8] = [22, 3, 3, 0, 4, 0, 0, 0, 0]
        for mode in [TLSOptions.Mode.enforcing, .measuring] {
            let met = try await meet(Array(repeatElement(request, count: 20).joined()), mode)
            #expect(met.failure?.code == .deadlineExceeded && met.failure?.stage == .tls)
            #expect((1000...1016).contains(met.reads) && met.isFreed)
        }
    }

    @Test func whatIsNoTLSFailsAtOnce() async throws {
        for text in ["HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\0\0\0\0\0\0\0\0"] {
            let met = try await meet(Array(text.utf8))
            #expect(met.failure?.code == .tlsHandshakeFailed && met.reads <= 2 && met.isFreed, "\(text)")
        }
        let ended = try await meet([])
        #expect(ended.failure?.code == .tlsHandshakeFailed && ended.reads == 1)
        // An alert: protocol_version, handshake_failure.
        #expect(try await meet([21, 3, 1, 0, 2, 2, 70]).failure?.code == .tlsVersionUnsupported)
        #expect(try await meet([21, 3, 1, 0, 2, 2, 40]).failure?.code == .tlsHandshakeFailed)
    }

    /// Whatever stands in a record, the handshake ends, and nothing is left of it.
    @Test func fuzzRecords() async throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<(fuzzInputs ?? 300) / 10 {
            let count = Int.random(in: 1...300, using: &random)
            let content = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let head: [UInt8] = [.random(in: 20...24, using: &random), 3, 3, UInt8(count >> 8), UInt8(count & 255)]
            let met = try await meet(head + content)
            #expect(met.failure != nil && met.isFreed)
        }
    }
}
