import ProbeNative

/// What a request to `/probe` names by `module`: a tool and its parameters, for any target.
struct ProbeModule: Sendable {
    static let placeholder = "{target}"

    let name: String
    let tool: String
    /// What the tool's target is made of.
    var target = Self.placeholder
    let parameters: [ParameterValue.Member]
    var timeout: Duration?

    /// `{tool: http, target: "https://{target}/", parameters: {...}, timeout: 5s}`.
    init(_ name: String, _ reader: inout YAMLReader, _ registry: ToolRegistry) throws(ConfigurationError) {
        self.name = name
        let place = reader.value
        guard let word = reader.take("tool") else { throw place.refusal("the module \(name) must have a tool.") }
        let tool = try registry.tool(word)
        self.tool = tool.name
        let template = reader.take("target")
        if let template { target = try template.read("target", .target) }
        let value = reader.take("parameters")
        let given = try GivenParameters(value)
        parameters = given.members
        timeout = try reader.read("timeout", .duration(.milliseconds(100.0)...ProbeEndpoint.longest))
        let unknown: [String]
        do throws(InvalidInput) {
            unknown = try tool.check(parameters: filled(for: "192.0.2.1:80", tool).parameters)
            if !target.contains(Self.placeholder) { try tool.check(target: target) }
        } catch {
            let isTarget = error.detail.hasPrefix("The target")
            throw given.refusal(error, of: tool, otherwise: isTarget ? template ?? place : value ?? place)
        }
        try given.refuse(unknown: unknown, to: tool, otherwise: word)
    }

    private init(_ name: String, _ tool: String, _ parameters: [ParameterValue.Member]) {
        self.name = name
        self.tool = tool
        self.parameters = parameters
    }

    func prepare(_ text: String, _ registry: ToolRegistry) throws(InvalidInput) -> PreparedProbe {
        guard let tool = registry[tool] else { throw InvalidInput("There is no tool \(tool).", code: .unknownTool) }
        let (target, parameters) = filled(for: text, tool)
        return try tool.prepare(target: target, parameters: parameters)
    }

    /// Where a tool has a `port` that the module leaves open, `host:port` gives both, as blackbox_exporter's tcp prober
    /// takes them.
    private func filled(for text: String, _ tool: any Tool) -> (target: String, parameters: [ParameterValue.Member]) {
        var (host, members) = (text, parameters)
        if target == Self.placeholder, !parameters.contains(where: { $0.name == "port" }),
            tool.declarations.contains(where: { $0.name == "port" }), let colon = text.lastIndex(of: ":"),
            text[..<colon].hasSuffix("]") || !text[..<colon].contains(":"),
            let port = UInt16(text[text.index(after: colon)...])
        {
            host = String(text[..<colon])
            members.append(.init("port", .integer(Int64(port))))
        }
        return (
            target.filled(host, at: Self.placeholder),
            members.map { .init($0.name, $0.value.filled(host, at: Self.placeholder)) }
        )
    }

    // MARK: Those that are always there

    /// What blackbox_exporter's own configuration file calls so, and `tls_connect` of its examples.
    static let builtIn: [ProbeModule] = [
        ProbeModule("http_2xx", "http", [good]),
        ProbeModule("http_post_2xx", "http", [good, .init("method", .string("POST"))]),
        ProbeModule("tcp_connect", "tcp", [.init("banner_ms", .integer(0))]),
        ProbeModule("tls_connect", "tls", []),
        ProbeModule(
            "pop3s_banner", "tcp", [.init("tls", .bool(true)), .init("steps", .array([.string("expect:^\\+OK")]))]),
        ProbeModule(
            "ssh_banner", "tcp",
            [
                .init(
                    "steps",
                    .array([.string("expect:^SSH-2.0-"), .string("send:SSH-2.0-blackbox-ssh-check\\r\\n")]))
            ]),
        ProbeModule("icmp", "ping", [.init("count", .integer(1))]),
        ProbeModule("icmp_ttl5", "ping", [.init("count", .integer(1)), .init("ttl", .integer(5))]),
    ]

    private static let good = ParameterValue.Member("expect", .object([.init("status", .string("2xx"))]))
}
