import ProbeTesting
import Testing

@testable import ProbeNative

/// The tls tool with `starttls` against servers that are scripted (Tests/Peers/starttls_peer.py).
@Suite struct StartTLSTests {
    private func with(_ body: (TLSToolBench, PythonPeer) async throws -> Void) async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let peer = try await PythonPeer.startTLS(tool.certificates.good)
        try await body(tool, peer)
        await peer.stop()
    }

    private func proto(_ proto: StartTLSProtocol) -> [String: ParameterValue] {
        ["starttls": .string(proto.rawValue)]
    }

    @Test func eachProtocolOverBothFamilies() async throws {
        try await with { tool, peer in
            for proto in StartTLSProtocol.allCases {
                let port = peer.port(proto.rawValue)
                for address in ["127.0.0.1", "::1"] {
                    let seen = try await tool.look(port, at: address, self.proto(proto))
                    #expect(seen.code == nil, "\(proto): \(String(describing: seen.result.outcome.failure))")
                    #expect(seen.report.session?.version == "TLSv1.3" && seen.report.chain.count == 2)
                    #expect(seen.report.startTLS?.duration ?? .zero > .zero)
                }
                // The peer is what it says: OpenSSL's own client agrees.
                try await Oracle.check(
                    "openssl", ["s_client", "-starttls", proto.rawValue, "-connect", "127.0.0.1:\(port)", "-brief"])
            }
        }
    }

    @Test func theServersGreetingIsTold() async throws {
        try await with { tool, peer in
            let greetings: [(StartTLSProtocol, String?)] = [
                (.smtp, "mail.probe.test ESMTP"), (.ftp, "Welcome"), (.pop3, "pop3.probe.test <1.2@x>"),
                (.imap, "[CAPABILITY IMAP4rev1 STARTTLS] imap.probe.test"), (.mysql, "8.0.36-probe"),
                (.postgres, nil), (.ldap, nil), (.xmpp, nil),
            ]
            for (proto, greeting) in greetings {
                let seen = try await tool.look(peer.port(proto.rawValue), self.proto(proto))
                #expect(seen.report.startTLS?.greeting == greeting)
            }
            let hello = try await peer.events.next("EHLO") { $0["event"]?.string == "ehlo" }
            #expect(hello["line"]?.string == "EHLO [127.0.0.1]")
            let stream = try await peer.events.next("stream") { $0["event"]?.string == "stream" }
            #expect(stream["line"]?.string?.contains("to='good.test'") == true)
        }
    }

    @Test func aServerThatWillNot() async throws {
        try await with { tool, peer in
            for proto in StartTLSProtocol.allCases {
                let seen = try await tool.look(peer.port("\(proto.rawValue)-refuse"), self.proto(proto))
                #expect(seen.code == .tlsHandshakeFailed && seen.stage == .tls, "\(proto): \(String(describing: seen))")
                #expect(seen.report.startTLS?.duration == nil && seen.report.handshakeTime == nil)
            }
            for proto in [StartTLSProtocol.smtp, .xmpp, .mysql, .imap, .ftp, .pop3] {
                let seen = try await tool.look(
                    peer.port("\(proto.rawValue)-absent"), self.proto(proto).merging(["versions": .bool(true)]) { $1 })
                #expect(seen.code == .tlsHandshakeFailed && seen.report.trials.isEmpty, "\(proto)")
            }
        }
    }

    /// What comes in plain text after the last word before TLS must not be taken for the server's.
    @Test func injectedTextIsRefused() async throws {
        try await with { tool, peer in
            for proto in StartTLSProtocol.allCases where proto != .mysql {
                let seen = try await tool.look(peer.port("\(proto.rawValue)-inject"), self.proto(proto))
                #expect(seen.code == .protocolError && seen.stage == .tls, "\(proto)")
                #expect(seen.report.chain.isEmpty)
            }
        }
    }

    @Test(arguments: StartTLSProtocol.allCases)
    func peersThatMisbehave(_ proto: StartTLSProtocol) async throws {
        try await with { tool, peer in
            let ends: [(String, ErrorCode)] = [
                ("garbage", .protocolError), ("endless", .protocolError), ("chatter", .protocolError),
                ("close", .connectionReset),
            ]
            for (name, code) in ends {
                let seen = try await tool.look(peer.port(name), self.proto(proto))
                #expect(seen.code == code && seen.stage == .tls, "\(name): \(String(describing: seen.code))")
            }
        }
    }

    @Test func peersThatAreSilent() async throws {
        let time = ManualTime()
        let tool = try await TLSToolBench(time: time)
        defer { tool.stop() }
        let peer = try await PythonPeer.startTLS(tool.certificates.good)
        let cases = StartTLSProtocol.allCases.map { ("silent", "silent", $0) }
        for (port, event, proto) in cases + [("mute", "mute", .smtp), ("tls-silent", "tls", .smtp)] {
            let seen = try await tool.cut(peer, at: port, event, time, self.proto(proto))
            #expect(seen.code == .deadlineExceeded && seen.stage == .tls, "\(proto): \(String(describing: seen.code))")
            #expect(await tool.bench.openDescriptors == 0)
        }
        await peer.stop()
    }

    @Test func peersThatStopHalfWay() async throws {
        try await with { tool, peer in
            let ends: [(String, ErrorCode)] = [
                ("half", .connectionReset), ("tls-garbage", .tlsHandshakeFailed), ("tls-close", .tlsHandshakeFailed),
                ("tls-reset", .connectionReset),
            ]
            for (name, code) in ends {
                let seen = try await tool.look(peer.port(name), proto(.smtp))
                #expect(seen.code == code && seen.stage == .tls, "\(name): \(String(describing: seen.code))")
                #expect(seen.report.handshakeTime == nil)
            }
        }
    }

    @Test func theScanBeginsTLSEachTime() async throws {
        try await with { tool, peer in
            for proto in [StartTLSProtocol.smtp, .postgres] {
                let seen = try await tool.look(
                    peer.port(proto.rawValue), self.proto(proto).merging(["versions": .bool(true)]) { $1 })
                #expect(seen.code == nil)
                #expect(seen.report.trials.map(\.isAccepted) == [false, false, true, true])
            }
        }
    }

    /// What the first connection brought is kept.
    @Test func theDeadlineCutsTheScan() async throws {
        let time = ManualTime()
        let tool = try await TLSToolBench(time: time)
        defer { tool.stop() }
        // The manual clock stands before the certificates' time.
        time.stepWallClock(by: .nanoseconds(SystemTime().wallTime.nanoseconds - time.wallTime.nanoseconds))
        let peer = try await PythonPeer.startTLS(tool.certificates.good)
        let scan = proto(.smtp).merging(["versions": .bool(true)]) { $1 }
        let seen = try await tool.cut(peer, at: "smtp-once", "silent", time, scan)
        #expect(seen.code == .deadlineExceeded && seen.stage == .tls)
        #expect(seen.report.verdict?.isGood == true && seen.report.chain.count == 2)
        #expect(seen.report.session?.version == "TLSv1.3" && seen.report.trials.isEmpty)
        #expect(await tool.bench.openDescriptors == 0)
        await peer.stop()
    }
}
