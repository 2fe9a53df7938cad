import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

/// What stays behind, and what many do at once.
@Suite(.serialized) struct HTTPLoadTests {
    private var openDescriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }
    private var threads: Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? 0 }
    private var residentKiB: Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    /// TIME_WAIT sockets of `port` in the kernel's table.
    private func timeWaits(_ port: Int) -> Int {
        let table = (try? String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)) ?? ""
        let suffix = ":" + String(format: "%04X", port)
        return table.split(separator: "\n").count { line in
            let words = line.split(separator: " ")
            return words.count > 3 && words[3] == "06" && (words[1].hasSuffix(suffix) || words[2].hasSuffix(suffix))
        }
    }

    private func fetchMany(
        _ count: Int, _ url: @escaping @Sendable (Int) -> String, _ parameters: [String: ParameterValue]
    ) async throws -> Int {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            var good = 0
            for number in 0..<count {
                if number >= 32, try await group.next() == true { good += 1 }
                group.addTask { try await HTTPProbe.fetch(url(number), parameters).failure == nil }
            }
            for try await one in group where one { good += 1 }
            return good
        }
    }

    @Test func fiveHundredSilentServersAndTheNextJob() async throws {
        let (peer, nginx) = (try await HTTPProbe.peer(), try await HTTPProbe.nginx())
        // The engine's own descriptors are made with the first fetch.
        #expect(try await fetchMany(8, { _ in nginx.url("/") }, [:]) == 8)
        let before = openDescriptors
        let url = "http://127.0.0.1:\(peer.port("silent"))/"
        let areAllWaiting: ([ProbeFailure?]) -> Bool = { $0.allSatisfy { $0?.stage == .response } }
        let failures = try await patiently(until: areAllWaiting) { scale in
            try await withThrowingTaskGroup(of: ProbeFailure?.self) { group in
                for _ in 0..<500 {
                    group.addTask { try await HTTPProbe.fetch(url, timeout: .seconds(2) * scale).failure }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        #expect(failures.count == 500)
        #expect(failures.allSatisfy { $0?.code == .deadlineExceeded && $0?.stage == .response })
        let next = try await HTTPProbe.fetch(nginx.url("/"), timeout: .seconds(20))
        #expect(next.failure == nil)
        #expect(openDescriptors <= before + 2)
    }

    @Test func aThousandFetchesLeaveNothingBehind() async throws {
        let (nginx, certificates) = (try await HTTPProbe.nginx(), try await TestCertificates.shared())
        let (plain, secure) = (nginx.url("/healthz"), nginx.url("/healthz", tls: certificates.good))
        let parameters: [String: ParameterValue] = ["verify_tls": .bool(false)]
        #expect(try await fetchMany(100, { $0 % 4 == 0 ? secure : plain }, parameters) == 100)
        let (descriptors, threadsBefore) = (openDescriptors, threads)
        // The curl command of other suites leaves some.
        let ports = [nginx.httpPort, nginx.httpsPort(certificates.good)]
        let waiting = ports.map(timeWaits)
        #expect(try await fetchMany(1000, { $0 % 4 == 0 ? secure : plain }, parameters) == 1000)
        #expect(openDescriptors <= descriptors + 2)
        #expect(threads <= threadsBefore + 2)
        for (port, before) in zip(ports, waiting) { #expect(timeWaits(port) <= before + 2) }
    }

    /// With more ready jobs than a turn of the loop runs, many turns pass between two steps of a job: a transfer, a look-up
    /// or a read may be over before the job has come to wait for it.
    @Test func aCrowdedReactorLosesNoWakeUp() async throws {
        let nginx = try await HTTPProbe.nginx()
        let nsd = try await NSDServer()
        let engine = try #require(HTTPProbe.engine)
        let isOver = Locked(false)
        let crowd = engine.reactors.reactors.flatMap { reactor in
            (0..<6000).map { _ in
                reactor.spawn { while !isOver.withLock({ $0 }) { await Task.yield() } }
            }
        }
        let name = ParameterValue.string("127.0.0.1:\(nsd.port)")
        let good = try await fetchMany(
            40, { "http://n\($0).wild.probe.test:\(nginx.httpPort)/" }, ["resolver": name, "body_limit": .integer(100)])
        isOver.withLock { $0 = true }
        for one in crowd { await one.value }
        #expect(good == 40)
        await nsd.stop()
    }

    @Test func memoryIsFlatOverManyHostNames() async throws {
        let nginx = try await HTTPProbe.nginx()
        let port = nginx.httpPort
        let parameters: [String: ParameterValue] = ["resolve_to": .string("127.0.0.1")]
        @Sendable func url(_ number: Int) -> String { "http://host-\(number).example:\(port)/healthz" }
        #expect(try await fetchMany(3000, url, parameters) == 3000)
        // A name, a certificate store or a connection kept for each would be 3 MiB and more in every round; what the
        // allocator takes once for itself shows in one.
        var growth: [Int] = []
        for round in 1...3 {
            let before = residentKiB
            #expect(try await fetchMany(3000, { url($0 + 3000 * round) }, parameters) == 3000)
            growth.append(residentKiB - before)
        }
        #expect((growth.min() ?? 0) < 2048, "\(growth)")
    }
}
