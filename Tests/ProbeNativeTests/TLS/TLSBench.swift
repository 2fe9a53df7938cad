import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

/// A reactor and what tests of TLSStream do on it.
struct TLSBench: Sendable {
    let reactor: Reactor

    init(_ time: any TimeSource = SystemTime()) throws { reactor = try started(time) }

    func stop() { reactor.stop() }

    /// What came of one connection; everything that a test looks at, taken on the reactor.
    struct Seen: Sendable {
        var failure: ProbeFailure?
        var session: TLSSession?
        var verdict: CertificateVerdict?
        var peer: [CertificateSummary] = []
        var handshake: Duration?
        var answer: String?
        var isTruncated = false
    }

    /// Connects and makes the handshake; where it succeeds, sends `line` and reads a line.
    /// - Parameter answers: gets the answer, and then the end of the stream is waited for.
    func connect(
        _ port: Int, _ options: TLSOptions, host: String = "127.0.0.1", to address: String = "127.0.0.1",
        sending line: String? = nil, readingOnAfter answers: EventLog<String>? = nil,
        within limit: Duration = .seconds(30)
    ) async throws -> Seen {
        let host = try Host(host)
        let address = SocketAddress(try #require(IPAddress(address)), port: UInt16(port))
        return await on(reactor) { reactor in
            var seen = Seen()
            do throws(ProbeFailure) {
                let request = PolicyRequest(
                    tool: "test", purpose: .target, address: address.address, port: address.port)
                let end = reactor.now + limit
                let socket = try await reactor.local(Gate.self).connect(.tcp, to: address, as: request, until: end)
                let tls = try await TLSStream.make(over: socket, to: host, options, on: reactor, until: end)
                defer {
                    seen.session = tls.session
                    seen.verdict = tls.verdict
                    seen.peer = tls.peerCertificates
                    seen.handshake = tls.handshakeDuration
                    seen.isTruncated = tls.isTruncated
                }
                try await tls.handshake(until: end)
                if let line { seen.answer = try await Self.exchange(line, over: tls, until: end) }
                if let answers {
                    answers.append(seen.answer ?? "")
                    _ = try await tls.read(atMost: 100, until: end, stage: .response, timeout: .connectionTimeout)
                }
                await tls.finish(until: end)
            } catch { seen.failure = error }
            return seen
        }
    }

    private static func exchange(
        _ line: String, over tls: TLSStream, until end: Instant
    ) async throws(ProbeFailure) -> String {
        try await tls.write(Array(line.utf8) + [10], until: end, stage: .request, timeout: .deadlineExceeded)
        var reader = StreamReader(tls)
        return String(decoding: try await reader.line(atMost: 1 << 20, until: end) ?? [], as: UTF8.self)
    }

    static func trust(_ path: String) throws -> TrustStore {
        try TrustStore(pem: String(contentsOfFile: path, encoding: .utf8), parameter: "ca_pem")
    }
}
