/// The tools of a node, by name. A value: the built-in ones and whatever is added.
public struct ToolRegistry: Sendable {
    public private(set) var tools: [any Tool]
    /// Where added tools run.
    public let lane: CustomLane

    /// - Parameters:
    ///   - tools: run on reactors.
    ///   - lane: for those that are added later.
    public init(_ tools: [any Tool], lane: CustomLane = CustomLane()) {
        self.tools = tools
        self.lane = lane
    }

    /// THE table of built-in tools: one line each. `ping` is the lane that start-up opened; a table that is only
    /// read (help, the list of tools) needs none.
    public static func builtIn(ping: PingLane = .notOpened, lane: CustomLane = CustomLane()) -> ToolRegistry {
        let tools: [any Tool] = [
            PingTool(lane: ping),
            TracerouteTool(),
            MTRTool(),
            PathMTUTool(),
            DNSTool(),
            HTTPTool(),
            TLSTool(),
            PortCheckTool(),
            ReverseDNSTool(),
            TCPTool(),
            WhoisTool(),
            NTPTool(),
            WebSocketTool(),
        ]
        return ToolRegistry(tools, lane: lane)
    }

    public subscript(name: String) -> (any Tool)? { tools.first { $0.name == name } }

    /// Adds a tool of the embedding program; one of the same name is replaced, in its place.
    /// - Parameter isReactorSafe: it never blocks and keeps every rule of docs/adding-a-tool.md, so that it may run on the
    ///   reactors, beside hundreds of others on the same thread. Any other runs on the lane (`CustomLane`): what it needs of
    ///   the reactor it reaches by `ProbeContext.onReactor`.
    public mutating func add(_ tool: some Tool, isReactorSafe: Bool = false) {
        if isReactorSafe { put(tool) } else { put(LaneTool(base: tool, lane: lane)) }
    }

    /// Adds a closure as a tool, in the same way. What it returns are the fields of the result; `success`, `error` and the
    /// others that each result has are refused. It may throw a `ProbeFailure` (the target's fault), an `InvalidInput` (a
    /// parameter's) or anything else, which is answered with `internal_error`.
    public mutating func add(
        _ name: String, summary: String = "a tool of the embedding program",
        _ body:
            @escaping @Sendable (
                _ tool: String, _ target: String, _ parameters: [ParameterValue.Member], _ timeout: Duration
            ) async throws -> [ParameterValue.Member]
    ) {
        add(ClosureTool(name: name, summary: summary, body: body))
    }

    private mutating func put(_ tool: any Tool) {
        if let index = tools.firstIndex(where: { $0.name == tool.name }) {
            tools[index] = tool
        } else {
            tools.append(tool)
        }
    }

    /// Takes all others away.
    public mutating func keep(only names: Set<String>) { tools.removeAll { !names.contains($0.name) } }

    /// The tools that report header fields hide the values of some.
    public mutating func redact(_ redaction: HeaderRedaction) {
        guard !redaction.isEmpty else { return }
        if self["http"] is HTTPTool { put(HTTPTool(redacting: redaction)) }
        if self["websocket"] is WebSocketTool { put(WebSocketTool(redacting: redaction)) }
    }
}
