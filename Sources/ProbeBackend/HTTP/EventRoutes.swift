import Hummingbird
import ServiceLifecycle

/// `/api/v1/events`: Server-Sent Events.
struct EventRoutes: Sendable {
    private static let commentInterval = Duration.seconds(15)

    let store: SQLStore
    let events: EventHub
    let clock: BackendClock

    func add(to group: RouterGroup<some RequestContext>) {
        group.get("events") { request, _ in try await watch(request) }
    }

    private func watch(_ request: Request) async throws -> Response {
        let interest = try await interest(request)
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                let watcher = events.watch(interest)
                defer { events.end(watcher) }
                // The head goes out with the first bytes, and tells the client that it misses nothing from now on.
                try await writer.write(ByteBuffer(bytes: ServerEvent.comment))
                try await send(watcher, to: &writer)
                try await writer.finish(nil)
            })
    }

    /// Until the client goes or the backend shuts down.
    private func send(_ watcher: EventWatcher, to writer: inout any ResponseBodyWriter) async throws {
        for await isNews in signals(watcher) {
            let bytes = watcher.take().flatMap(\.bytes)
            if !bytes.isEmpty {
                try await writer.write(ByteBuffer(bytes: bytes))
            } else if !isNews {
                try await writer.write(ByteBuffer(bytes: ServerEvent.comment))
            }
        }
    }

    /// True: there are events to be taken. False: it is time for a sign of life. Ends with graceful shutdown.
    private func signals(_ watcher: EventWatcher) -> AsyncStream<Bool> {
        let (stream, continuation) = AsyncStream<Bool>.makeStream(bufferingPolicy: .bufferingNewest(2))
        let task = Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in watcher.told { continuation.yield(true) } }
                group.addTask {
                    while (try? await clock.sleep(Self.commentInterval)) != nil { continuation.yield(false) }
                }
                group.addTask { try? await gracefulShutdown() }
                await group.next()
                group.cancelAll()
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    private func interest(_ request: Request) async throws -> EventInterest {
        var interest = EventInterest()
        if let topics = try request.query("topics") {
            interest.topics = Set(
                try topics.split(separator: ",").map { word in
                    guard let topic = EventTopic(rawValue: String(word)) else {
                        throw Problem.invalidRequest("\"topics\" must be some of nodes, jobs and progress.")
                    }
                    return topic
                })
        }
        if let id = try request.query("job") { interest.jobs = [id] }
        if let id = try request.query("measurement") {
            guard let jobs = try await store.jobIDs(ofMeasurement: id) else {
                throw Problem.notFound("There is no measurement \"\(id.prefix(128))\".")
            }
            interest.jobs = interest.jobs?.intersection(jobs) ?? Set(jobs)
        }
        return interest
    }
}
