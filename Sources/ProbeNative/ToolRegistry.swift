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

    /// Adds a tool; one of the same name is replaced.
    public mutating func add(_ tool: any Tool) {
        tools.removeAll { $0.name == tool.name }
        tools.append(tool)
    }
}
