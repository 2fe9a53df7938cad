import ProbeNative

/// Pings every host that standard input names, one a line, all at once.
///
///     seq -f 127.0.1.%g 1 250 | ping-hosts
@main struct PingHosts {
    static func main() async throws {
        var hosts: [String] = []
        while let line = readLine() {
            if !line.isEmpty { hosts.append(line) }
        }
        let prober = try Prober()
        for limitation in prober.limitations { print("note: \(limitation.detail)") }

        let start = ContinuousClock.now
        var answers = 0
        var medians: [Double] = []
        // A task a host: the engine runs them on a few threads, whatever their number.
        await withTaskGroup(of: (host: String, line: String, median: Double?).self) { group in
            for host in hosts {
                group.addTask { await ping(host, by: prober) }
            }
            for await answer in group {
                print("\(answer.host)  \(answer.line)")
                if let median = answer.median {
                    answers += 1
                    medians.append(median)
                }
            }
        }
        let middle = medians.sorted().dropFirst(medians.count / 2).first
        print(
            "\(answers) of \(hosts.count) hosts answered",
            middle.map { "(median \($0) ms)" } ?? "", "in \(ContinuousClock.now - start)")
    }

    static func ping(
        _ host: String, by prober: Prober
    ) async -> (host: String, line: String, median: Double?) {
        do throws(InvalidInput) {
            let ping = try await prober.ping(host, count: 3, interval: .milliseconds(200), wait: .seconds(1))
            // A target that fails is a value, with a stable code.
            guard let median = ping.report?.statistics.median else {
                return (host, ping.failure.map { "\($0.code.rawValue): \($0.detail)" } ?? "no reply", nil)
            }
            return (host, "\(median) ms, \(ping.report?.loss ?? 0) % lost", median)
        } catch {
            // Only what cannot be asked at all throws: a host that is none.
            return (host, error.detail, nil)
        }
    }
}
