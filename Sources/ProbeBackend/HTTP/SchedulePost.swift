/// A schedule as a client posts it, checked.
struct SchedulePost {
    private static let mostTargets = 100
    private static let longestPeriod = 366 * 86_400.0
    private static let fields: [StaticString] = [
        "name", "tool", "targets", "parameters", "timeout", "priority", "every", "cron", "select", "count", "enabled",
    ]

    let record: ScheduleRecord

    private struct Body: Decodable {
        let name: String?
        let targets: [String]
        let every: Double?
        let cron: String?
        let count: NodeCount?
        let enabled: Bool?
    }

    /// - Throws: `Problem` naming the first field that is wrong.
    init(_ object: RawObject, at now: Instant) throws {
        let order = try ProbeOrder(object)
        let body = try RequestJSON.decode(Body.self, from: object.bytes)
        let name = body.name ?? order.tool
        try Problem.require(
            (1...255).contains(name.utf8.count) && !name.utf8.contains(0),
            "\"name\" must be 1 to 255 bytes without NUL.")
        try Problem.require(
            (1...Self.mostTargets).contains(body.targets.count),
            "\"targets\" must hold 1 to \(Self.mostTargets) targets.")
        for target in body.targets { try ProbeOrder.check(target: target) }
        let recurrence = try Self.recurrence(body)
        guard let next = recurrence.next(after: now) else {
            throw Problem.invalidRequest("\"cron\" names no moment that will ever come.")
        }
        record = ScheduleRecord(
            id: RequestID.make(), name: name, tool: order.tool,
            targets: String(decoding: try JSONText.encode(body.targets), as: UTF8.self),
            parameters: order.parameters, timeout: order.timeout, priority: order.priority, every: body.every,
            cron: body.cron, selector: try order.selector.stored(),
            nodeCount: try NodeCount.checked(body.count, of: order.selector), isEnabled: body.enabled ?? true,
            createdAt: now, nextRunAt: next, lastMeasurementIDs: "[]")
    }

    private static func recurrence(_ body: Body) throws -> Recurrence {
        switch (body.every, body.cron) {
        case (let seconds?, nil):
            try Problem.require(
                (1...longestPeriod).contains(seconds), "\"every\" must lie between 1 and \(Int(longestPeriod)) seconds."
            )
            return .every(seconds)
        case (nil, let text?):
            guard let expression = CronExpression(text) else {
                throw Problem.invalidRequest("\"cron\" must be five fields such as \"*/5 * * * *\".")
            }
            return .cron(expression)
        default: throw Problem.invalidRequest("One of \"every\" and \"cron\" must be there, and not both.")
        }
    }

    /// `schedule` with the members of `change` in place of its own.
    ///
    /// - Throws: `Problem` naming the first field that is wrong.
    static func changed(_ schedule: ScheduleRecord, by change: RawObject, at now: Instant) throws -> ScheduleRecord {
        guard let present = try RawObject(try ScheduleView.text(schedule)) else { return schedule }
        // One way to recur takes the other's place.
        let setsEvery = change["every"].map { !$0.isNull } ?? false
        let setsCron = change["cron"].map { !$0.isNull } ?? false
        let merged = fields.map { field -> (StaticString, RawJSON?) in
            let isReplaced = ("\(field)" == "every" && setsCron) || ("\(field)" == "cron" && setsEvery)
            return (field, change[field] ?? (isReplaced ? nil : present[field]))
        }
        let text = try JSONText.encode([String: String](), adding: merged)
        var record = try SchedulePost(RequestJSON.object(text), at: now).record
        record.id = schedule.id
        record.createdAt = schedule.createdAt
        record.lastRunAt = schedule.lastRunAt
        record.lastMeasurementIDs = schedule.lastMeasurementIDs
        // The same rhythm goes on as it was; one that was off begins anew.
        if schedule.isEnabled, record.every == schedule.every, record.cron == schedule.cron {
            record.nextRunAt = schedule.nextRunAt
        }
        return record
    }
}
