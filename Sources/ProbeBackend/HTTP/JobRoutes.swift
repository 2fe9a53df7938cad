import Hummingbird

/// `/api/v1/jobs`
struct JobRoutes: Sendable {
    private static let mostJobs = 10_000

    let service: JobService

    func add(to group: RouterGroup<some RequestContext>) {
        group.post("jobs") { request, _ in try await post(request) }
        group.get("jobs") { request, _ in try await list(request) }
        group.get("jobs/{request_id}") { _, context in try await get(try context.parameters.require("request_id")) }
        group.delete("jobs/{request_id}") { _, context in
            try await cancel(try context.parameters.require("request_id"))
        }
    }

    private func post(_ request: Request) async throws -> Response {
        let bytes = try await RequestJSON.body(of: request)
        let (posts, isList) = try Self.posts(bytes, at: service.clock.now)
        let asked = try request.uri.queryParameters["wait"].map { text in
            guard let seconds = Double(text) else { throw Problem.invalidRequest("\"wait\" is not a number.") }
            return try JobPost.checkedWait(seconds)
        }
        let wait = max(asked ?? 0, posts.map(\.wait).max() ?? 0)
        let jobs = posts.map(\.job)
        try await service.submit(jobs, waiting: wait)
        let records = try await service.store.jobs(jobs.map(\.requestID))
        let texts = try records.map(view)
        let isFinished = records.allSatisfy(\.state.isFinal)
        return .json(isList ? JSONText.list("jobs", texts) : texts.first ?? [], status: isFinished ? .ok : .accepted)
    }

    private static func posts(_ bytes: [UInt8], at now: Instant) throws -> (posts: [JobPost], isList: Bool) {
        guard let elements = try elements(of: bytes) else {
            return ([try JobPost(RequestJSON.object(bytes), at: now)], false)
        }
        guard (1...mostJobs).contains(elements.count) else {
            throw Problem.invalidRequest("A list must hold 1 to \(mostJobs) jobs.")
        }
        let posts = try elements.enumerated().map { index, range in
            do {
                return try JobPost(RequestJSON.object(Array(bytes[range])), at: now)
            } catch let problem as Problem {
                throw Problem(
                    status: problem.status, code: problem.code, detail: "Job \(index): \(problem.detail)")
            }
        }
        return (posts, true)
    }

    private static func elements(of bytes: [UInt8]) throws -> [Range<Int>]? {
        do {
            return try JSONScanner.elements(of: bytes, depth: RawJSON.maximumDepth)
        } catch {
            throw Problem.invalidJSON(error.sentence)
        }
    }

    private func list(_ request: Request) async throws -> Response {
        let page = try Page(request, keys: 1)
        let filter = try JobFilter(request)
        let includesResult = try request.query("include").map { text in
            guard text == "result" else { throw Problem.invalidRequest("\"include\" must be \"result\".") }
            return true
        }
        let records = try await service.store.jobs(
            filter, before: try page.afterSequence, limit: page.limit + 1, withResults: includesResult ?? false)
        let text = try page.text("jobs", records, key: { ["\($0.sequence)"] }) { record in
            includesResult == true ? try view(record) : try JobView.brief(record)
        }
        return .json(text)
    }

    private func get(_ requestID: String) async throws -> Response {
        .json(try view(try await job(requestID)))
    }

    private func view(_ record: JobRecord) throws -> [UInt8] {
        try JobView.text(record, progress: service.progress.newest(of: record.job.requestID))
    }

    private func cancel(_ requestID: String) async throws -> Response {
        guard RequestID.isValid(requestID) else { throw Self.unknown(requestID) }
        switch try await service.cancel(requestID) {
        case .cancelled:
            return .json(try view(try await job(requestID)))
        case .alreadyFinished:
            throw Problem(
                status: .conflict, code: "job_finished", detail: "The job \"\(requestID)\" is finished already.")
        case .notFound:
            throw Self.unknown(requestID)
        }
    }

    private func job(_ requestID: String) async throws -> JobRecord {
        guard RequestID.isValid(requestID), let record = try await service.store.jobs([requestID]).first else {
            throw Self.unknown(requestID)
        }
        return record
    }

    private static func unknown(_ requestID: String) -> Problem {
        .notFound("There is no job with the request_id \"\(requestID.prefix(128))\".")
    }
}
