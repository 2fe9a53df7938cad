import Foundation
import ProbeTesting
import Testing

/// The built node under load, over the WebSocket.
@Suite struct LoadTests {
    @Test(.timeLimit(.minutes(5)), arguments: NodeIdentity.available)
    func tenThousandMixedJobsAreAnsweredOnceEachWithoutAFork(_ identity: NodeIdentity) async throws {
        try await identity.with { command in try await Self.tenThousand(command, identity.wrapperExecs) }
    }

    private static func tenThousand(_ command: ([String]) -> [String], _ wrapperExecs: Int) async throws {
        let nginx = try await NginxServer()
        let nsd = try await NSDServer()
        let jobs = (0..<10_000).map { Self.mixed($0, nginx: nginx, nsd: nsd) }
        try await FakeController.with { controller in
            let trace = try ProcessTrace(command(NodeProcess.arguments(controller)), wrapperExecs: wrapperExecs)
            _ = try await controller.next("authentication")
            let node = NodeProcess(process: trace.process)
            async let tally = controller.load(jobs, window: 4000, within: .seconds(240))
            _ = try await controller.next("load_progress", within: .seconds(60)) { $0["answered"]?.int == 1000 }
            let early = try node.footprint()
            let done = try await tally
            let late = try node.footprint()
            #expect(done["answers"]?.int == 10_000)
            #expect(done["duplicates"]?.int == 0 && done["unknown"]?.int == 0)
            #expect(done["wrong"]?.int == 0, "\(done["wrong_examples"]?.text ?? "")")
            #expect(done["most_outstanding"]?.int == 4000)
            print("after 1,000: \(early); after 10,000: \(late); codes \(done["codes"]?.text ?? "")")
            // The ping lane's threads (at most 16) start one by one, when all others are busy.
            #expect(late.threads <= 32 && late.threads <= early.threads + 16)
            // Sockets come and go with the jobs in flight; at the end there are none.
            #expect(late.descriptors <= early.descriptors)
            // The answers kept for duplicates (10,000 of about 1 KiB) are the growth that is meant.
            #expect(late.residentMiB - early.residentMiB < 40)

            node.process.send(signal: 15)
            let report = try await trace.report()
            #expect(report.processes.isEmpty && report.programs.isEmpty)
            #expect(report.threads > 0)
        }
        await nginx.stop()
        await nsd.stop()
    }

    private static func mixed(_ number: Int, nginx: NginxServer, nsd: NSDServer) -> JSONValue {
        let id = "job-\(number)"
        switch number % 5 {
        case 0:
            let address = "127.0.\(number / 250 % 250).\(number % 250 + 1)"
            return FakeController.job(
                id, "ping", address, ["count": 1],
                expect: ["result.success": true, "result.packets.0.from": .string(address)])
        case 1:
            return FakeController.job(
                id, "http", nginx.url("/"), expect: ["result.success": true, "result.status_code": 200])
        case 2:
            return FakeController.job(
                id, "http", nginx.url("/no-such-page"),
                expect: ["result.success": false, "result.error_code": "expectation_failed", "success": true])
        case 3:
            return FakeController.job(
                id, "dns", "n\(number).wild.probe.test", ["resolver": .string("127.0.0.1:\(nsd.port)")],
                expect: ["result.success": true, "result.records.0.value": "127.0.0.1"])
        default:
            return FakeController.job(
                id, "dns", "nothing-\(number).probe.test", ["resolver": .string("127.0.0.1:\(nsd.port)")],
                expect: ["result.error_code": "resolve_nxdomain", "success": true])
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: NodeIdentity.available)
    func serversThatNeverSpeakHoldNobodyUp(_ identity: NodeIdentity) async throws {
        let nginx = try await NginxServer()
        let peer = try await PythonPeer.http()
        let silent = "http://127.0.0.1:\(peer.port("silent"))/"
        let jobs = (0..<2048).map {
            FakeController.job(
                "silent-\($0)", "http", silent, timeout: 4,
                expect: ["result.error_code": "deadline_exceeded", "success": true])
        }
        try await FakeController.with { controller in
            try await NodeProcess.with(controller, ["--max-concurrent", "2048"], as: identity) { node in
                let before = try node.footprint()
                let done = try await controller.load(jobs, window: 2048)
                #expect(done["answers"]?.int == 2048)
                #expect(done["wrong"]?.int == 0, "\(done["wrong_examples"]?.text ?? "")")
                try await controller.sendJob("next", tool: "http", target: nginx.url("/"))
                let next = try await controller.response(to: "next", within: .seconds(30))
                #expect(next["result"]?["status_code"]?.int == 200)
                let after = try node.footprint()
                #expect(after.descriptors <= before.descriptors + 4, "\(before) then \(after)")
            }
        }
        await peer.stop()
        await nginx.stop()
    }

    @Test(.enabled(if: NetworkLab.isAvailable, "\(NetworkLab.unavailableReason)"), .timeLimit(.minutes(3)))
    func aThousandPingsAtOnceAndNobodyGetsAnothersReply() async throws {
        try await NetworkLab.with { lab in
            try await FakeController.with(in: lab) { controller in
                let jobs = (1...1000).map { index in
                    let host = index.isMultiple(of: 2) ? NetworkLab.host6(index) : NetworkLab.host4(index)
                    let expected: JSONValue =
                        NetworkLab.isSilent(index)
                        ? ["result.error_code": "no_reply", "result.packets_received": 0, "success": true]
                        : [
                            "result.success": true, "result.packets.0.from": .string(host),
                            "result.packets_received": 1,
                        ]
                    return FakeController.job(
                        "ping-\(index)", "ping", host, ["count": 1, "timeout_ms": 1000], timeout: 60, expect: expected)
                }
                try await NodeProcess.with(
                    controller, ["--max-concurrent", "1000"], wrapper: { lab.command($0) }
                ) { node in
                    let done = try await controller.load(jobs, window: 1000)
                    #expect(done["answers"]?.int == 1000)
                    #expect(done["wrong"]?.int == 0, "\(done["wrong_examples"]?.text ?? "")")
                    let counters = try await lab.counters()
                    #expect(counters["echo4"] == 500 && counters["echo6"] == 500, "\(counters)")
                }
            }
        }
    }
}
