import Foundation
import Glibc
import ProbeTesting
import Testing

/// Targets that mean harm, many at once: bounded memory, every job cut at its deadline, and the others on time.
@Suite struct HostileTargetTests {
    /// MiB (VmHWM). The program has about 60 in a debug build; a transfer may hold what its body's limit allows.
    private static let memoryBound = 256
    private static let each = ChaosPlan.isLong ? 200 : 40
    private static let timeout = 3.0

    @Test(.timeLimit(.minutes(10))) func othersAreOnTime() async throws {
        let target = try await PythonPeer.chaosTarget()
        let (http, dns, tcp) = (try await PythonPeer.http(), try await PythonPeer.dns(), try await PythonPeer.tcp())
        let silentTLS = "127.0.0.1:\(tcp.port("hello"))"
        let resolver: JSONValue = ["resolver": .string("127.0.0.1:\(dns.port())"), "transport": "tcp"]
        let hostile: [(tool: String, target: String, parameters: JSONValue)] = [
            ("http", http.url("/bomb"), ["include_body": true]), ("http", http.url("/endless-headers"), [:]),
            ("http", http.url("/huge-header"), [:]), ("http", http.url("/endless"), ["body_limit": 16_777_216]),
            ("tls", silentTLS, [:]), ("http", "https://\(silentTLS)/", [:]), ("dns", "drip.test", resolver),
            ("tcp", "127.0.0.1:\(tcp.port("flood"))", [:]),
        ]
        try await FakeController.with { controller in
            try await NodeProcess.with(controller, ["--max-concurrent", "4000"]) { node in
                for number in 0..<Self.each {
                    for (kind, job) in hostile.enumerated() {
                        try await controller.sendJob(
                            "hostile-\(kind)-\(number)", tool: job.tool, target: job.target, parameters: job.parameters,
                            extra: ["timeout": .number(Self.timeout)])
                    }
                    try await controller.sendJob(
                        "healthy-\(number)", tool: "http",
                        target: "http://127.0.0.1:\(target.port())/after/300/healthy-\(number)",
                        extra: ["timeout": 30])
                }
                var (late, slowest) = (0.0, 0.0)
                for number in 0..<Self.each {
                    for kind in hostile.indices {
                        let answer = try await controller.response(
                            to: "hostile-\(kind)-\(number)", within: .seconds(120))
                        #expect(answer["result"]?["error_code"]?.string != "internal_error", "\(answer.text)")
                        late = max(late, Self.spent(answer) - Self.timeout)
                    }
                    let answer = try await controller.response(to: "healthy-\(number)", within: .seconds(120))
                    #expect(answer["result"]?["status_code"] == 200, "\(answer.text)")
                    slowest = max(slowest, Self.spent(answer) - 0.3)
                }
                let most = try highWaterMark(node.process.pid)
                print(
                    "chaos hostile targets: \(Self.each) of each; cut at most \(Int(late * 1000)) ms late; healthy jobs"
                        + " at most \(Int(slowest * 1000)) ms late; at most \(most) MiB")
                let allowed = ChaosPlan.allowance / .seconds(1)
                #expect(late < allowed && slowest < allowed)
                #expect(ChaosPlan.isSanitized || most <= Self.memoryBound)
            }
        }
        for peer in [target, http, dns, tcp] { await peer.stop() }
    }

    /// Seconds from receipt to the end, as the node says.
    private static func spent(_ answer: JSONValue) -> Double {
        let timing = answer["result"]?["timing"]
        return ((timing?["queued_ms"]?.double ?? 0) + (timing?["run_ms"]?.double ?? 0)) / 1000
    }
}

/// The most that a process ever had in memory, in MiB (VmHWM of proc(5)).
func highWaterMark(_ pid: pid_t) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line.flatMap { Int($0.split(whereSeparator: \.isWhitespace)[1]) } ?? 0) / 1024
}
