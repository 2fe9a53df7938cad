import Hummingbird

/// `/api/v1/schedules`
struct ScheduleRoutes: Sendable {
    let store: SQLStore
    let clock: BackendClock

    func add(to group: RouterGroup<some RequestContext>) {
        group.post("schedules") { request, _ in try await post(request) }
        group.get("schedules") { request, _ in try await list(request) }
        group.get("schedules/{schedule_id}") { _, context in
            Response.json(try ScheduleView.text(try await record(Self.id(context))))
        }
        group.patch("schedules/{schedule_id}") { request, context in try await patch(request, Self.id(context)) }
        group.delete("schedules/{schedule_id}") { _, context -> Response in
            let id = try await record(Self.id(context)).id
            guard try await store.deleteSchedule(id) else { throw Self.unknown(id) }
            return Response(status: .noContent)
        }
    }

    private static func id(_ context: some RequestContext) throws -> String {
        try context.parameters.require("schedule_id")
    }

    private func post(_ request: Request) async throws -> Response {
        let object = try RequestJSON.object(try await RequestJSON.body(of: request))
        let record = try SchedulePost(object, at: clock.now).record
        try await checkNodes(of: record)
        try await store.insert(record)
        return .json(try ScheduleView.text(record), status: .created)
    }

    private func patch(_ request: Request, _ id: String) async throws -> Response {
        let change = try RequestJSON.object(try await RequestJSON.body(of: request))
        let record = try SchedulePost.changed(try await record(id), by: change, at: clock.now)
        try await checkNodes(of: record)
        guard try await store.update(record) else { throw Self.unknown(id) }
        return .json(try ScheduleView.text(record))
    }

    private func checkNodes(of record: ScheduleRecord) async throws {
        let named = try record.selector.map { try NodeSelector(stored: $0).nodes } ?? []
        if let node = try await store.unknownNodes(of: named).first { throw StoreFailure.unknownNode(node) }
    }

    private func list(_ request: Request) async throws -> Response {
        let page = try Page(request, keys: 2)
        let records = try await store.schedules(after: page.after.map { ($0[0], $0[1]) }, limit: page.limit + 1)
        return .json(try page.text("schedules", records, key: { [$0.name, $0.id] }, view: ScheduleView.text))
    }

    private func record(_ id: String) async throws -> ScheduleRecord {
        guard RequestID.isValid(id), let record = try await store.schedule(id) else { throw Self.unknown(id) }
        return record
    }

    private static func unknown(_ id: String) -> Problem {
        .notFound("There is no schedule \"\(id.prefix(128))\".")
    }
}

/// A schedule as clients see it.
enum ScheduleView {
    private struct Head: Encodable {
        let scheduleID: String
        let name: String
        let tool: String
        let priority: Int
        let enabled: Bool
        let createdAt: Instant

        enum CodingKeys: String, CodingKey {
            case name, tool, priority, enabled
            case scheduleID = "schedule_id"
            case createdAt = "created_at"
        }
    }

    static func text(_ record: ScheduleRecord) throws -> [UInt8] {
        func json(_ value: (some Encodable)?) throws -> RawJSON? {
            try value.map { RawJSON(checked: try JSONText.encode($0)) }
        }
        func raw(_ text: String?) -> RawJSON? { text.map { RawJSON(checked: Array($0.utf8)) } }
        return try JSONText.encode(
            Head(
                scheduleID: record.id, name: record.name, tool: record.tool, priority: record.priority,
                enabled: record.isEnabled, createdAt: record.createdAt),
            adding: [
                ("targets", raw(record.targets)), ("parameters", record.parameters),
                ("timeout", try json(record.timeout)), ("every", try json(record.every)),
                ("cron", try json(record.cron)), ("select", raw(record.selector)),
                ("count", raw(record.nodeCount.map(String.init) ?? "\"all\"")),
                ("next_run_at", try json(record.isEnabled ? record.nextRunAt : nil)),
                ("last_run_at", try json(record.lastRunAt)), ("last_measurement_ids", raw(record.lastMeasurementIDs)),
            ])
    }
}
