import Foundation
import ProbeTesting

/// A watcher of `/api/v1/events`, by curl.
final class EventClient: Sendable {
    struct Event: Sendable {
        let name: String
        let data: JSONValue
    }

    let events = EventLog<Event>()
    private let process: ChildProcess

    /// Watches for the length of `body`, which begins once the server has answered.
    static func with(
        _ backend: TestBackend, _ query: String = "", _ body: (EventClient) async throws -> Void
    ) async throws {
        let client = EventClient(
            try ChildProcess.start(
                "/usr/bin/curl",
                [
                    "-sSN", "-H", "Authorization: Bearer \(TestBackend.adminToken)",
                    "\(backend.url)/api/v1/events?\(query)",
                ]))
        do {
            _ = try await client.next { $0.name == "comment" }
            try await body(client)
            await client.process.stop(signal: SIGKILL)
        } catch {
            await client.process.stop(signal: SIGKILL)
            throw error
        }
    }

    private init(_ process: ChildProcess) {
        self.process = process
        Task { [events] in
            var name = ""
            while let line = try? await process.output.next(within: .seconds(86_400)) {
                if line.hasPrefix(":") { events.append(Event(name: "comment", data: .null)) }
                if line.hasPrefix("event: ") { name = String(line.dropFirst(7)) }
                guard line.hasPrefix("data: "), let data = try? JSONValue(parsing: String(line.dropFirst(6))) else {
                    continue
                }
                events.append(Event(name: name, data: data))
            }
            events.finish()
        }
    }

    func next(where matches: @escaping @Sendable (Event) -> Bool) async throws -> Event {
        try await events.next("event", where: matches)
    }
}
