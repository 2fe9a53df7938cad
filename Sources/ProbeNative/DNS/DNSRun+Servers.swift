extension DNSRun {
    /// The servers to ask, with the policy's view of why.
    func servers() async throws(ProbeFailure) -> [DNSServer] {
        switch parameters.resolver {
        case .system: return try systemServers()
        case .server(let host, let inline):
            let port = inline ?? parameters.port ?? parameters.transport.defaultPort
            return [try await named(host, port: port, url: try url(host, port))]
        case .url(let url): return [try await named(url.host, port: url.origin.port, url: url)]
        }
    }

    private func named(
        _ host: Host, port: UInt16, url: HTTPURL?
    ) async throws(ProbeFailure) -> DNSServer {
        let resolution = try await context.resolve(host)
        if case .name = host { report.resolveTime = resolution.duration }
        guard let address = resolution.addresses.first else {
            throw ProbeFailure(.resolve, .noAddress, "The resolver \(host) has no address.")
        }
        return server(SocketAddress(address, port: port), .namedResolver, host, url)
    }

    private func systemServers() throws(ProbeFailure) -> [DNSServer] {
        let usable = context.resolver.servers.filter { context.family.allows($0.address.family) }
        guard !usable.isEmpty else {
            throw ProbeFailure(
                .resolve, .noAddress, "The system has no name server with an IPv\(context.family.rawValue) address.")
        }
        var servers: [DNSServer] = []
        for listed in usable {
            let isPlain = parameters.transport == .udp || parameters.transport == .tcp
            let port = parameters.port ?? (isPlain ? listed.port : parameters.transport.defaultPort)
            let host = Host.address(listed.address)
            servers.append(
                server(SocketAddress(listed.address, port: port), .systemResolver, host, try url(host, port)))
        }
        return servers
    }

    /// Where a resolver takes queries that is known by its name or address only (RFC 8484 section 4.1 leaves the path to
    /// each; this is the one that nearly all have).
    private func url(_ host: Host, _ port: UInt16) throws(ProbeFailure) -> HTTPURL? {
        guard parameters.transport == .https else { return nil }
        let name =
            switch host {
            case .address(let address) where address.family == .v6: "[\(address)]"
            default: "\(host)"
            }
        do throws(InvalidInput) { return try HTTPURL(target: "https://\(name):\(port)/dns-query") } catch {
            throw error.failure
        }
    }

    private func server(
        _ address: SocketAddress, _ purpose: Purpose, _ host: Host, _ url: HTTPURL?
    ) -> DNSServer {
        var server = DNSServer(
            address: address, request: context.request(purpose, address.address, port: address.port),
            source: context.source)
        if parameters.transport == .tls || parameters.transport == .https {
            server.security = DNSSecurity(
                host: parameters.tlsName ?? host, trust: parameters.trust, verifies: parameters.verifiesTLS, url: url)
        }
        return server
    }
}
