import Hummingbird

/// `/api/v1/measurements`
struct MeasurementRoutes: Sendable {
    let service: JobService

    private var store: SQLStore { service.store }

    func add(to group: RouterGroup<some RequestContext>) {
        group.post("measurements") { request, _ in try await post(request) }
        group.get("measurements") { request, _ in try await list(request) }
        group.get("measurements/{measurement_id}") { _, context in
            Response.json(try await view(try await record(Self.id(context))).text)
        }
        group.delete("measurements/{measurement_id}") { _, context in try await cancel(Self.id(context)) }
    }

    private static func id(_ context: some RequestContext) throws -> String {
        try context.parameters.require("measurement_id")
    }

    private func post(_ request: Request) async throws -> Response {
        let bytes = try await RequestJSON.body(of: request)
        let post = try MeasurementPost(RequestJSON.object(bytes), at: service.clock.now)
        try await service.measure(post.record, post.selector, waiting: post.wait)
        let (text, isFinished) = try await view(post.record)
        return .json(text, status: isFinished ? .ok : .accepted)
    }

    private func view(_ record: MeasurementRecord) async throws -> (text: [UInt8], isFinished: Bool) {
        let jobs = try await store.jobs(ofMeasurement: record.id)
        return (try MeasurementView.text(record, jobs, service.progress), jobs.allSatisfy(\.state.isFinal))
    }

    private func list(_ request: Request) async throws -> Response {
        let page = try Page(request, keys: 1)
        let items = try await store.measurements(
            of: try request.query("schedule"), before: try page.afterSequence, limit: page.limit + 1)
        let counts = try await store.jobCounts(ofMeasurements: items.map(\.record.id))
        return .json(
            try page.text("measurements", items, key: { ["\($0.sequence)"] }) {
                try MeasurementView.brief($0.record, counts[$0.record.id] ?? [:])
            })
    }

    private func cancel(_ id: String) async throws -> Response {
        let record = try await record(id)
        guard try await service.cancel(measurement: id) else { throw Self.unknown(id) }
        return .json(try await view(record).text)
    }

    private func record(_ id: String) async throws -> MeasurementRecord {
        guard RequestID.isValid(id), let record = try await store.measurement(id) else { throw Self.unknown(id) }
        return record
    }

    private static func unknown(_ id: String) -> Problem {
        .notFound("There is no measurement \"\(id.prefix(128))\".")
    }
}
