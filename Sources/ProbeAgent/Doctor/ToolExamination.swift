import ProbeNative

/// Each tool once, against something that is certainly there: this machine's loopback, servers of the doctor's own, the
/// system's name server, the backend.
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

    func run(_ record: inout DoctorRecord, hasResolver: Bool) async {
        await DoctorPeers.serve { peers in
            for tool in engine.registry.tools {
                if let wanted = configuration.tools, !wanted.contains(tool.name) {
                    record.add(Finding(tool.name, .skipped, "switched off by --tools"))
                    continue
                }
                record.look(at: tool.name)
                record.add(await examine(tool, plan(tool.name, peers, hasResolver: hasResolver)))
            }
        }
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

    private func plan(_ tool: String, _ peers: DoctorPeers, hasResolver: Bool) -> Plan {
        let loopback = DoctorPeers.address
        let noServer = Plan.skip("no port could be had for a server of the doctor's own")
        switch tool {
        case "ping": return .run(Trial(target: loopback, parameters: [.init("count", .integer(1))]))
        case "traceroute", "path_mtu": return .run(Trial(target: loopback))
        case "mtr": return .run(Trial(target: loopback, parameters: [.init("cycles", .integer(1))]))
        case "http":
            guard let port = peers.http else { return noServer }
            return .run(Trial(target: "http://\(loopback):\(port)/"))
        case "tcp":
            guard let port = peers.http else { return noServer }
            return .run(
                Trial(
                    target: loopback,
                    parameters: [.init("port", .integer(Int64(port))), .init("banner_ms", .integer(0))]))
        case "port_check":
            guard let port = peers.http else { return noServer }
            return .run(Trial(target: loopback, parameters: [.init("ports", .array([.integer(Int64(port))]))]))
        case "dns", "reverse_dns":
            guard hasResolver else { return .skip("no name server answers, see above") }
            let nothing: Set<ErrorCode> = [.resolveNXDomain, .noAddress]
            if tool == "reverse_dns" { return .run(Trial(target: loopback, accepts: nothing)) }
            return .run(Trial(target: backend.flatMap(Self.name) ?? "localhost", accepts: nothing))
        case "whois":
            guard let port = peers.whois else { return noServer }
            return .run(Trial(target: loopback, parameters: [.init("server", .string("\(loopback):\(port)"))]))
        case "ntp":
            guard let port = peers.ntp else { return noServer }
            return .run(Trial(target: loopback, parameters: [.init("port", .integer(Int64(port)))]))
        case "tls", "websocket": return secure(tool)
        default: return .skip("the doctor knows no server to try it on: try probe-agent \(tool) TARGET")
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
