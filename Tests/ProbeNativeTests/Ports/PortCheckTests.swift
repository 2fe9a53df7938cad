import Glibc
import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct PortCheckTests {
    private func with<Value>(_ body: (PythonPeer, OneToolBench<PortCheckTool>) async throws -> Value) async throws
        -> Value
    {
        let peer = try await PythonPeer.tcp()
        let bench = try OneToolBench(PortCheckTool())
        defer { bench.stop() }
        do {
            let value = try await body(peer, bench)
            await peer.stop()
            return value
        } catch {
            await peer.stop()
            throw error
        }
    }

    private func list(_ ports: [Int]) -> ParameterValue { .array(ports.map { .integer(Int64($0)) }) }

    private func report(_ result: ProbeResult) throws -> PortCheckReport {
        try #require(result.outcome.report as? PortCheckReport)
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func openAndClosedPortsOfEachFamily(_ target: String) async throws {
        try await with { peer, bench in
            let closed = try FreePorts.closed()
            let result = try await bench.run(target, ["ports": list([closed, peer.port("silent")])])
            #expect(result.outcome.failure == nil)
            let report = try report(result)
            let entries = Dictionary(uniqueKeysWithValues: report.entries.map { (Int($0.port), $0) })
            #expect(entries[closed]?.state == .closed && entries[closed]?.reason == .reset)
            let open = try #require(entries[peer.port("silent")])
            #expect(open.state == .open && open.reason == .synAck)
            #expect(open.roundTrip.map { $0 >= .zero } == true && open.banner == nil)
            #expect(report.count(.open) == 1 && report.count(.closed) == 1 && report.total == 2)
            #expect(result.outcome.resolvedAddress == IPAddress(target))
            // Its connection was reset: the peer's read ended, and nothing is left in TIME_WAIT.
            _ = try await peer.events.next("closed") { $0["event"]?.string == "closed" }
            let left = try await Oracle.check("ss", ["-Htan", "dport = :\(peer.port("silent"))"])
            #expect(left.isEmpty, "\(left)")
            #expect(await bench.openDescriptors == 0)
        }
    }

    @Test func aNameIsLookedUpAndBothFamiliesStandSideBySide() async throws {
        try await with { peer, bench in
            let result = try await bench.run(
                "localhost", ["ports": list([peer.port("silent")]), "ip_version": .string("both")])
            #expect(result.outcome.failure == nil)
            let both = try #require(result.outcome.report as? SideBySide)
            for outcome in [both.v4, both.v6] {
                #expect((outcome.report as? PortCheckReport)?.count(.open) == 1)
            }
        }
    }

    @Test func bannersAreBoundedAndEscaped() async throws {
        try await with { peer, bench in
            let names = ["smtp", "drip", "endless", "flood", "telnet", "half", "reset", "closes", "reset_now"]
            let result = try await bench.run(
                "127.0.0.1",
                [
                    "ports": list(names.map { peer.port($0) }), "banner": .bool(true), "timeout_ms": .integer(5000),
                ])
            #expect(result.outcome.failure == nil)
            var banners: [String: String] = [:]
            for entry in try report(result).entries {
                let name = try #require(names.first { peer.port($0) == Int(entry.port) })
                #expect(entry.state == .open, "\(name)")
                banners[name] = entry.banner
            }
            #expect(banners["smtp"] == "220 mail.test ESMTP ready")
            #expect(banners["drip"] == "220 slow.test ready")
            #expect(banners["endless"]?.hasPrefix("250-and more\\r\\n250-and") == true)
            #expect(banners["flood"] == String(repeating: "x", count: PortProbe.longestBanner))
            #expect(banners["telnet"] == "\\xff\\xfd\\x18\\xff\\xfd \\r\\nhost login: ")
            #expect(banners["half"] == "220 half")
            #expect(banners["reset"] == "220 soon")
            #expect(banners["closes"] == nil && banners["reset_now"] == nil)
        }
    }

    @Test func sendIsSaidBeforeTheBannerIsRead() async throws {
        try await with { peer, bench in
            let result = try await bench.run(
                "127.0.0.1", ["ports": list([peer.port("echo")]), "send": .string("PING\\x01\\r\\n")])
            #expect(try report(result).entries.first?.banner == "PING\\x01")
        }
    }

    // MARK: UDP

    @Test func udpPortsAnswerRefuseOrStaySilent() async throws {
        try await with { peer, bench in
            let closed = try FreePorts.closed()
            let ports = [peer.port("udp_echo"), peer.port("udp_silent"), closed]
            let result = try await bench.run(
                "127.0.0.1",
                [
                    "ports": list(ports), "protocol": .string("udp"), "timeout_ms": .integer(400),
                    "send": .string("hello\\n"),
                ])
            #expect(result.outcome.failure == nil)
            let report = try report(result)
            let entries = Dictionary(uniqueKeysWithValues: report.entries.map { (Int($0.port), $0) })
            #expect(entries[ports[0]]?.state == .open && entries[ports[0]]?.reason == .udpResponse)
            #expect(entries[ports[0]]?.banner == "hello")
            #expect(entries[ports[1]]?.state == .openFiltered && entries[ports[1]]?.reason == .noResponse)
            #expect(entries[closed]?.state == .closed && entries[closed]?.reason == .portUnreachable)
            #expect(report.count(.openFiltered) == 1)
            // The silent one was asked twice: a datagram may be lost.
            for _ in 1...3 { _ = try await peer.events.next { $0["event"]?.string == "datagram" } }
        }
    }

    @Test func aClosedUDPPortOfIPv6() async throws {
        try await with { _, bench in
            let closed = try FreePorts.closed()
            let result = try await bench.run("::1", ["ports": list([closed]), "protocol": .string("udp")])
            #expect(try report(result).entries.map(\.state) == [.closed])
        }
    }

    /// The requests are what real servers answer.
    @Test func aNameServerAnswersTheRequestForItsPort() async throws {
        let nsd = try await NSDServer()
        let request = EscapedBytes.text(UDPRequests.request(for: 53))
        let bench = try OneToolBench(PortCheckTool())
        defer { bench.stop() }
        let result = try await bench.run(
            "127.0.0.1",
            ["ports": .integer(Int64(nsd.port)), "protocol": .string("udp"), "send": .string(request)])
        #expect(try report(result).entries.map(\.state) == [.open])
        await nsd.stop()
    }

    // MARK: How a job ends early

    /// On a clock that stands still the first port has its turn, and the second has not.
    private func withOneOfTwoTried(
        _ end: (ManualTime, RunningProbe) -> Void
    ) async throws -> (ProbeResult, openDescriptors: Int) {
        let peer = try await PythonPeer.tcp()
        let time = ManualTime()
        let bench = try OneToolBench(PortCheckTool(), time: time)
        defer { bench.stop() }
        let (running, results) = try bench.start(
            "127.0.0.1", ["ports": list([peer.port("silent"), 65535]), "rate": .integer(1)], deadline: .seconds(9))
        // The port's connection was made and reset.
        _ = try await peer.events.next("closed") { $0["event"]?.string == "closed" }
        end(time, running)
        let result = try await results.next()
        await peer.stop()
        return (result, await bench.openDescriptors)
    }

    @Test func aCancelledJobReturnsWhatItHas() async throws {
        let (result, openDescriptors) = try await withOneOfTwoTried { _, running in running.stop(.cancelled) }
        #expect(result.code == .cancelled && result.stage == .connect)
        #expect(try report(result).entries.map(\.state) == [.open])
        #expect(try report(result).total == 2 && openDescriptors == 0)
    }

    @Test func progressIsToldAboutOnceASecond() async throws {
        let peer = try await PythonPeer.tcp()
        let time = ManualTime()
        let bench = try OneToolBench(PortCheckTool(), time: time)
        defer { bench.stop() }
        let told = EventLog<PortProgress>()
        let results = EventLog<ProbeResult>()
        // Tried in this order, one a second.
        let ports = [peer.port("silent"), 65534, 65535]
        let probe = try bench.prepare("127.0.0.1", ["ports": list(ports), "rate": .integer(1)])
        bench.engine.start(
            probe, deadline: time.now + .seconds(60), progress: { ($0 as? PortProgress).map(told.append) },
            completion: { results.append($0) })
        _ = try await peer.events.next("closed") { $0["event"]?.string == "closed" }
        // Asking the reactor means that what closed the connection has also noted the port.
        #expect(await bench.openDescriptors == 0 && told.pending.isEmpty)
        time.advance(by: .seconds(1))
        let partial = try await told.next()
        #expect(partial.done == 2 && partial.total == 3)
        time.advance(by: .seconds(1))
        #expect(try report(try await results.next()).findings.count == 3)
        await peer.stop()
    }

    @Test func theDeadlineCutsASweepThatNeedsLonger() async throws {
        let bench = try OneToolBench(PortCheckTool())
        defer { bench.stop() }
        // 600 seconds at this rate.
        let result = try await bench.run(
            "127.0.0.1", ["ports": .string("1-600"), "rate": .integer(1)], timeout: .milliseconds(300.0))
        #expect(result.code == .deadlineExceeded && result.stage == .connect)
        #expect(try report(result).findings.count < 10 && report(result).total == 600)
    }

    @Test func cancellationWhileABannerIsWaitedForKeepsThePort() async throws {
        try await with { peer, bench in
            let (running, results) = try bench.start(
                "127.0.0.1",
                ["ports": list([peer.port("silent")]), "banner": .bool(true), "timeout_ms": .integer(60000)])
            _ = try await peer.events.next("accepted") { $0["event"]?.string == "accepted" }
            running.stop(.cancelled)
            let result = try await results.next()
            #expect(try report(result).entries.map(\.state) == [.open])
            _ = try await peer.events.next("closed") { $0["event"]?.string == "closed" }
        }
    }

    // MARK: What is not the target's

    @Test func aDeniedPortDeniesTheSweep() async throws {
        struct DenyPort: AddressPolicy {
            let port: UInt16
            func denial(of request: PolicyRequest) -> String? {
                request.port == port ? "Port \(port) is denied." : nil
            }
        }
        let bench = try OneToolBench(PortCheckTool(), policy: DenyPort(port: 2000))
        defer { bench.stop() }
        let result = try await bench.run("127.0.0.1", ["ports": .string("1-3000")])
        #expect(result.code == .policyDenied && result.stage == .policy)
        #expect(try report(result).findings.isEmpty)
    }

    @Test func missingDescriptorsAreTheNodesOwnAndWaitedFor() async throws {
        let closed = try FreePorts.take(4)
        var configuration = EngineConfiguration()
        configuration.reactors = 1
        configuration.descriptors = 1
        let tool = PortCheckTool()
        let engine = try Engine(configuration, registry: ToolRegistry([tool]))
        defer { engine.stop() }
        let probe = try tool.prepare(target: "127.0.0.1", parameters: [.init("ports", list(closed))])
        // With one descriptor one port after the other.
        #expect((await engine.run(probe).outcome.report as? PortCheckReport)?.count(.closed) == 4)
        // Somebody else keeps it for longer than the job lives.
        let reactor = engine.reactors.reactors[0]
        let result = await on(reactor) { reactor -> ProbeResult? in
            guard
                let held = try? await reactor.local(Gate.self).descriptors.draw(until: .distantFuture, stage: .connect)
            else { return nil }
            let result = await engine.run(probe, timeout: .milliseconds(200.0))
            withExtendedLifetime(held) {}
            return result
        }
        #expect(result?.code == .localResourceExhausted || result?.code == .deadlineExceeded)
        #expect((result?.outcome.report as? PortCheckReport)?.findings.isEmpty == true)
    }

    @Test func aSourceThatIsNotOursIsRefused() async throws {
        let bench = try OneToolBench(PortCheckTool())
        defer { bench.stop() }
        for source in ["192.0.2.77", "::1", "no-such-if"] {
            let result = try await bench.run("127.0.0.1", ["ports": .integer(1), "source": .string(source)])
            #expect(result.code == .invalidParameters, "\(source)")
        }
        #expect(try await bench.run("127.0.0.1", ["ports": .integer(1), "source": .string("127.0.0.2")]).code == nil)
    }

    @Test func aNameWithoutAddressIsAFailureOfTheLookUp() async throws {
        let bench = try OneToolBench(PortCheckTool())
        defer { bench.stop() }
        let result = try await bench.run("nowhere.test", ["ports": .integer(80)])
        #expect(result.stage == .resolve)
    }

    @Test(arguments: [
        ("ports", ParameterValue.string("0")), ("rate", .integer(0)), ("parallel", .integer(1001)),
        ("timeout_ms", .integer(5)), ("protocol", .string("sctp")), ("send", .string("\\q")),
        ("banner", .string("perhaps")),
    ])
    func refuses(_ name: String, _ value: ParameterValue) {
        let refusal = #expect(throws: InvalidInput.self) {
            try PortCheckTool().prepare(target: "127.0.0.1", parameters: [.init(name, value)])
        }
        #expect(refusal?.detail.hasPrefix("\(name) must be") == true, "\(refusal?.detail ?? "")")
    }

    @Test func withoutPortsTheCommonOnesAreTried() throws {
        var reader = ParameterReader([])
        #expect(PortCheckParameters(&reader).ports.ports.count == 20)
    }

    // MARK: The oracle

    @Test(arguments: ["127.0.0.1", "::1"])
    func nmapAgrees(_ target: String) async throws {
        try await with { peer, bench in
            let ports = (["silent", "smtp"].map { peer.port($0) } + (try FreePorts.take(3))).sorted()
            let states = try await Nmap.states(of: target, ports, "-sT")
            let result = try await bench.run(target, ["ports": list(ports)])
            #expect(try report(result).states == states)
            #expect(states.values.contains("open") && states.values.contains("closed"))
        }
    }
}

/// `nmap` as a judge.
enum Nmap {
    static func arguments(_ target: String, _ ports: [Int], _ scan: String) -> [String] {
        let family = target.contains(":") ? ["-6"] : []
        let list = ports.map(String.init).joined(separator: ",")
        return family + [scan, "-Pn", "-n", "--max-retries", "2", "-p", list, "-oG", "-", target]
    }

    /// The states in the report that `-oG` writes: `22/open/tcp//ssh///`.
    static func states(in report: String) -> [Int: String] {
        var states: [Int: String] = [:]
        for line in report.split(separator: "\n") where line.contains("Ports: ") {
            let list = line.split(separator: "\t").first { $0.hasPrefix("Ports: ") }?.dropFirst(7) ?? ""
            for entry in list.split(separator: ",") {
                let parts = entry.drop { $0 == " " }.split(separator: "/", omittingEmptySubsequences: false)
                if parts.count > 1, let port = Int(parts[0]) { states[port] = String(parts[1]) }
            }
        }
        return states
    }

    static func states(of target: String, _ ports: [Int], _ scan: String) async throws -> [Int: String] {
        states(in: try await Oracle.check("nmap", arguments(target, ports, scan)))
    }
}

extension PortCheckReport {
    /// In nmap's words.
    var states: [Int: String] {
        Dictionary(
            uniqueKeysWithValues: entries.map { entry in
                switch entry.state {
                case .openFiltered: (Int(entry.port), "open|filtered")
                case .unreachable: (Int(entry.port), "filtered")
                default: (Int(entry.port), entry.state.rawValue)
                }
            })
    }
}
