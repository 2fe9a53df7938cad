/// Which nodes may do a job. Every list that is not empty must be met; of one but `tags` any member will do.
struct NodeSelector: Sendable, Equatable, Codable {
    static let mostNames = 1000
    private static let longestName = 255

    var nodes: [String] = []
    var regions: [String] = []
    var zones: [String] = []
    /// All of them.
    var tags: [String] = []

    private enum CodingKeys: String, CodingKey {
        case nodes, regions, zones, tags
    }

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func names(_ key: CodingKeys) throws -> [String] {
            let given = try container.decodeIfPresent([String].self, forKey: key) ?? []
            // As given: a list that only repeats itself is too long all the same.
            try Self.requireFew(given.count)
            return Array(Set(given)).sorted()
        }
        nodes = Array(Set(try names(.nodes).map { $0.lowercased() })).sorted()
        regions = try names(.regions)
        zones = try names(.zones)
        tags = try names(.tags)
    }

    /// Lists that are empty are left out; so equal selectors have one text.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        if !nodes.isEmpty { try container.encode(nodes, forKey: .nodes) }
        if !regions.isEmpty { try container.encode(regions, forKey: .regions) }
        if !zones.isEmpty { try container.encode(zones, forKey: .zones) }
        if !tags.isEmpty { try container.encode(tags, forKey: .tags) }
    }

    /// As it is kept with a job.
    init(stored text: String) throws {
        self = try JSONText.decode(NodeSelector.self, from: Array(text.utf8))
    }

    /// Nil when any node will do.
    func stored() throws -> String? {
        guard self != NodeSelector() else { return nil }
        return String(decoding: try JSONText.encode(self), as: UTF8.self)
    }

    /// - Throws: `Problem`.
    func check() throws {
        let names = nodes + regions + zones + tags
        try Self.requireFew(names.count)
        try Problem.require(
            names.allSatisfy { (1...Self.longestName).contains($0.utf8.count) && !$0.utf8.contains(0) },
            "A name in \"select\" must be 1 to \(Self.longestName) bytes without NUL.")
    }

    private static func requireFew(_ count: Int) throws {
        try Problem.require(count <= mostNames, "\"select\" must not hold more than \(mostNames) names.")
    }

    func matches(_ node: NodePlace) -> Bool {
        (nodes.isEmpty || nodes.contains(node.uuid))
            && (regions.isEmpty || node.region.map(regions.contains) == true)
            && (zones.isEmpty || node.zone.map(zones.contains) == true)
            && tags.allSatisfy(node.tags.words.contains)
    }
}

/// What selectors ask of a node.
struct NodePlace: Sendable {
    var uuid: String
    var region: String?
    var zone: String?
    var tags: Tags
}
