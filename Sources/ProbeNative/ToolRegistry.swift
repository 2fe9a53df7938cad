/// The tools of a node, by name. A value: the built-in ones and whatever is added.
public struct ToolRegistry: Sendable {
    public private(set) var tools: [any Tool]

    public init(_ tools: [any Tool]) { self.tools = tools }

    /// THE table of built-in tools: one line each. `ping` is the lane that start-up opened; a table that is only
    /// read (help, the list of tools) needs none.
    public static func builtIn(ping: PingLane = .notOpened) -> ToolRegistry {
        ToolRegistry([
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
        ])
    }

    public subscript(name: String) -> (any Tool)? { tools.first { $0.name == name } }

    /// Adds a tool; one of the same name is replaced, in its place.
    public mutating func add(_ tool: any Tool) {
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
        if self["http"] is HTTPTool { add(HTTPTool(redacting: redaction)) }
        if self["websocket"] is WebSocketTool { add(WebSocketTool(redacting: redaction)) }
    }
}
