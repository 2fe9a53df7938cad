import ProbeNative

/// The name servers of resolv.conf(5), each asked.
struct ResolverExamination {
    let engine: Engine
    /// The backend's URL; its host is what they are asked for.
    let host: String

    private static let path = "/etc/resolv.conf"

    func run(_ record: inout DoctorRecord) async {
        let text: String
        do throws(ConfigurationError) { text = try BoundedFile(path: Self.path, limit: 64 << 10).text } catch {
            return record.add(
                Finding("resolv.conf", .failed, "\(error)", advice: "names cannot be looked up without name servers"))
        }
        let settings = ResolverSettings(parsing: text)
        let named = text.split(separator: "\n").count { $0.hasPrefix("nameserver") }
        record.add(
            named > 0
                ? Finding("resolv.conf", .good, "\(settings.servers.count) name server(s)")
                : Finding("resolv.conf", .warning, "\(Self.path) names no server, so 127.0.0.1 is asked"))
        var answering = 0
        for server in settings.servers {
            record.look(at: "name server \(server.address)")
            let finding = await ask(server)
            if finding.state == .good { answering += 1 }
            record.add(finding)
        }
        if answering == 0 {
            record.add(
                Finding(
                    "name servers", .failed, "none answers as it should",
                    advice: "names cannot be looked up: put a working server into \(Self.path)"))
        }
    }

    private func ask(_ server: SocketAddress) async -> Finding {
        let name = "name server \(server.address)"
        let question = question
        let started = engine.time.now
        guard
            let probe = try? engine.registry["dns"]?.prepare(
                target: question, parameters: [.init("resolver", .string("\(server.address)"))])
        else { return Finding(name, .skipped, "cannot be asked for \(question)") }
        let failure = await engine.run(probe, timeout: .seconds(6)).outcome.failure
        let took = engine.time.now - started
        switch failure?.code {
        case nil: return Finding(name, .good, "knows \(question)", took: took)
        case .resolveNXDomain?, .noAddress?:
            return Finding(name, .good, "answers (it has nothing for \(question))", took: took)
        default:
            return Finding(
                name, .warning, failure?.detail ?? "", advice: "take it out of \(Self.path), or repair it", took: took)
        }
    }

    private var question: String {
        guard let url = try? BackendURL(host, allowsPlaintext: true), IPAddress(url.host) == nil else {
            return "example.com"
        }
        return url.host
    }
}
