import Hummingbird

/// `/api/v1/nodes`
struct NodeRoutes: Sendable {
    /// Seconds that the old key may stay good.
    private static let longestGrace = 30 * 86_400.0

    let jobs: JobService

    private var store: SQLStore { jobs.store }

    func add(to group: RouterGroup<some RequestContext>) {
        group.get("nodes") { request, _ in try await list(request) }
        group.get("nodes/{node_uuid}") { _, context in
            let uuid = try Self.uuid(context)
            return try await view(try await store.node(uuid), uuid)
        }
        group.patch("nodes/{node_uuid}") { request, context in try await patch(request, try Self.uuid(context)) }
        group.delete("nodes/{node_uuid}") { _, context in try await delete(try Self.uuid(context)) }
        group.post("nodes/{node_uuid}/rotate-key") { request, context in
            try await rotateKey(request, try Self.uuid(context))
        }
    }

    private static func uuid(_ context: some RequestContext) throws -> String {
        let uuid = try context.parameters.require("node_uuid").lowercased()
        guard uuid.utf8.count <= 64, !uuid.utf8.contains(0) else { throw unknown(uuid) }
        return uuid
    }

    private static func unknown(_ uuid: String) -> Problem {
        .notFound("There is no node with the UUID \"\(uuid.prefix(64))\".")
    }

    private func view(_ record: NodeRecord?, _ uuid: String) async throws -> Response {
        guard let record else { throw Self.unknown(uuid) }
        return .json(try NodeView.text(record, await jobs.hub.session(of: uuid)))
    }

    // MARK: The list

    private func list(_ request: Request) async throws -> Response {
        let page = try Page(request, keys: 2)
        let status = try request.query("status").map { text in
            guard let status = NodeView.Status(rawValue: text) else {
                throw Problem.invalidRequest("\"status\" must be \"online\", \"offline\" or \"disabled\".")
            }
            return status
        }
        let filter = NodeFilter(
            region: try request.query("region"), zone: try request.query("zone"), tag: try request.query("tag"),
            text: try request.query("q"), isDisabled: status.map { $0 == .disabled })
        let items = try await nodes(filter, status, after: page.after.map { ($0[0], $0[1]) }, count: page.limit + 1)
        return .json(
            try page.text("nodes", items, key: { [$0.record.node.name, $0.record.node.uuid] }) {
                try NodeView.text($0.record, $0.session)
            })
    }

    /// The connections of this process know first who is online, so that is asked of each node that the store finds.
    private func nodes(
        _ filter: NodeFilter, _ status: NodeView.Status?, after: (String, String)?, count: Int
    ) async throws -> [(record: NodeRecord, session: NodeSession?)] {
        var items: [(record: NodeRecord, session: NodeSession?)] = []
        var after = after
        while items.count < count {
            let records = try await store.nodes(filter, after: after, limit: count)
            for record in records {
                let session = await jobs.hub.session(of: record.node.uuid)
                if let status, NodeView.status(record, session) != status { continue }
                items.append((record, session))
            }
            guard records.count == count, let last = records.last else { break }
            after = (last.node.name, last.node.uuid)
        }
        return items
    }

    // MARK: Changes

    private func patch(_ request: Request, _ uuid: String) async throws -> Response {
        let change = try NodePatch.change(RequestJSON.object(try await RequestJSON.body(of: request)))
        return try await view(try await NodeAdministration(jobs: jobs).change(uuid, change), uuid)
    }

    private func delete(_ uuid: String) async throws -> Response {
        guard try await NodeAdministration(jobs: jobs).delete(uuid) else { throw Self.unknown(uuid) }
        return Response(status: .noContent)
    }

    private struct Rotation: Decodable {
        let graceSeconds: Double?

        enum CodingKeys: String, CodingKey {
            case graceSeconds = "grace_seconds"
        }
    }

    private func rotateKey(_ request: Request, _ uuid: String) async throws -> Response {
        let object = try await RequestJSON.optionalObject(of: request)
        let grace = try RequestJSON.decode(Rotation.self, from: object.bytes).graceSeconds ?? 3600
        try Problem.require(
            (0...Self.longestGrace).contains(grace),
            "\"grace_seconds\" must lie between 0 and \(Int(Self.longestGrace)).")
        let secret = try Secret(prefix: "pnode_")
        let validUntil = grace > 0 ? jobs.clock.now.adding(seconds: grace) : nil
        guard try await store.rotateKey(of: uuid, to: secret.digest, oldValidUntil: validUntil) else {
            throw Self.unknown(uuid)
        }
        return .json(
            try JSONText.encode(
                ["node_uuid": uuid, "api_key": secret.text],
                adding: [("old_key_valid_until", RawJSON(checked: try JSONText.encode(validUntil)))]))
    }
}
