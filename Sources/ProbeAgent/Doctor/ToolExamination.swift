import ProbeNative

/// Each tool once, against something that is certainly there: this machine's loopback, a web server of the doctor's own,
/// the system's name server, the backend. What would need somebody else's server is not tried.
struct ToolExamination {
    let engine: Engine
    let configuration: AgentConfiguration
    let backend: BackendURL?
    /// The way to the backend is good: what then fails is the tool.
    let isBackendReached: Bool

    private struct Trial {
        var target: String
        var parameters: [ParameterValue.Member] = []
        /// Answers that show that the tool works, though the target has nothing.
        var accepts: Set<ErrorCode> = []
    }

    private enum Plan {
        case run(Trial)
        case skip(String)
    }

    private static let loopback = "127.0.0.1"

    func run(_ record: inout DoctorRecord, hasResolver: Bool) async {
        let server = try? LocalListener(.tcp(SocketAddress(IPAddress(v4: 0x7f00_0001), port: 0)))
        let serving = server.map { listener in
            Task {
                try await LocalServer([listener], routes: [LocalRoute("GET", "/") { _ in .text("It works.") }]).run()
            }
        }
        defer { serving?.cancel() }
        for tool in engine.registry.tools {
            if let wanted = configuration.tools, !wanted.contains(tool.name) {
                record.add(Finding(tool.name, .skipped, "switched off by --tools"))
                continue
            }
            record.look(at: tool.name)
            record.add(await examine(tool, plan(tool.name, port: port(server), hasResolver: hasResolver)))
        }
    }

    private func port(_ server: LocalListener?) -> UInt16? {
        guard case .tcp(let address)? = server?.address else { return nil }
        return address.port
    }

    private func examine(_ tool: any Tool, _ plan: Plan) async -> Finding {
        switch plan {
        case .skip(let reason): return Finding(tool.name, .skipped, reason)
        case .run(let trial):
            let probe: PreparedProbe
            do throws(InvalidInput) {
                probe = try tool.prepare(target: trial.target, parameters: trial.parameters)
            } catch { return Finding(tool.name, .failed, error.detail) }
            let result = await engine.run(probe, timeout: .seconds(15))
            guard let failure = result.outcome.failure, !trial.accepts.contains(failure.code) else {
                return Finding(tool.name, .good, trial.target, took: result.run)
            }
            // What the sockets already tell is no news, and what to do about it stands there.
            let isKnown = failure.code == .permissionDenied
            return Finding(
                tool.name, isKnown ? .warning : .failed, "\(trial.target): \(failure.detail)",
                advice: isKnown ? "see Process above" : "probe-agent \(tool.name) \(trial.target) shows more",
                took: result.run)
        }
    }

    private func plan(_ tool: String, port: UInt16?, hasResolver: Bool) -> Plan {
        let loopback = Self.loopback
        let noServer = Plan.skip("no port could be had for the doctor's own web server")
        switch tool {
        case "ping": return .run(Trial(target: loopback, parameters: [.init("count", .integer(1))]))
        case "traceroute", "path_mtu": return .run(Trial(target: loopback))
        case "mtr": return .run(Trial(target: loopback, parameters: [.init("cycles", .integer(1))]))
        case "http":
            guard let port else { return noServer }
            return .run(Trial(target: "http://\(loopback):\(port)/"))
        case "tcp":
            guard let port else { return noServer }
            return .run(
                Trial(
                    target: loopback,
                    parameters: [.init("port", .integer(Int64(port))), .init("banner_ms", .integer(0))]))
        case "port_check":
            guard let port else { return noServer }
            return .run(Trial(target: loopback, parameters: [.init("ports", .array([.integer(Int64(port))]))]))
        case "dns", "reverse_dns":
            guard hasResolver else { return .skip("no name server answers, see above") }
            let nothing: Set<ErrorCode> = [.resolveNXDomain, .noAddress]
            if tool == "reverse_dns" { return .run(Trial(target: loopback, accepts: nothing)) }
            return .run(Trial(target: backend.flatMap(Self.name) ?? "localhost", accepts: nothing))
        case "tls", "websocket": return secure(tool)
        default: return .skip("needs a server of the Internet: try probe-agent \(tool) TARGET")
        }
    }

    private static func name(_ backend: BackendURL) -> String? {
        IPAddress(backend.host) == nil ? backend.host : nil
    }

    private func secure(_ tool: String) -> Plan {
        guard let backend else { return .skip("needs a server: none is set as the backend") }
        guard isBackendReached else { return .skip("the way to the backend is crossed, see above") }
        guard configuration.access.proxy.proxy == nil else {
            return .skip("the backend is behind a proxy, which diagnostics do not take")
        }
        if tool == "tls", !backend.isEncrypted { return .skip("needs a server with TLS, and the backend has none") }
        var parameters: [ParameterValue.Member] = []
        if backend.isEncrypted {
            guard configuration.access.clientCertificate == nil else {
                return .skip("the backend wants a certificate of the node's, which diagnostics do not show")
            }
            if let path = configuration.caFile, let pem = try? BoundedFile(path: path, limit: 256 << 10).text {
                parameters.append(.init("ca_pem", .string(pem)))
            }
        }
        if tool == "websocket" { return .run(Trial(target: backend.description, parameters: parameters)) }
        return .run(
            Trial(target: backend.host, parameters: parameters + [.init("port", .integer(Int64(backend.port)))]))
    }
}
