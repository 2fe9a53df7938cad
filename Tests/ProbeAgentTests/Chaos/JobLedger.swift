import Foundation
import ProbeNative
import ProbeTesting

/// What was asked of the node, what it answered, and what its targets saw of it.
///
/// It outlives the controllers: those may be killed at any moment. A controller reports an answer before it
/// acknowledges it, so what the node was told is known here too.
final class JobLedger: Sendable {
    struct Wrong: Error, CustomStringConvertible { let description: String }

    /// A connection: the number of the controller, and the controller's number of it.
    struct Link: Hashable { var controller, connection: Int }

    private struct Entry {
        var asked = 0
        var answers: [(link: Link, message: JSONValue)] = []
        var executions = 0
    }
    private struct State {
        var entries: [String: Entry] = [:]
        /// The newest connection that carried a heartbeat, which the node sends once it is authenticated.
        var live: Link?
        var connections = 0
        var copies = 0
        var codes: Set<String> = []
        var answerBytes = 0
        /// The node's clock by its newest heartbeat, in seconds ahead of ours.
        var ahead = 0.0
    }

    private let state = Locked(State())
    private let answered = EventLog<String>()
    private let pongs = EventLog<String>()
    private let instants = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// The connection that can be used, if there is one.
    var live: Link? { state.withLock { $0.live } }
    /// How often the node has connected, and how many answers came more than once.
    var summary: String { state.withLock { "\($0.connections) connections, \($0.copies) copies of answers" } }

    /// Every error code that an answer had.
    var codes: Set<String> { state.withLock { $0.codes } }

    /// What the node may keep for questions that come again: the first copy of each answer, 64 MiB at most.
    var keptMiB: Int { state.withLock { min($0.answerBytes >> 20, 64) } }

    // MARK: What happens

    func asks(_ id: String) { state.withLock { $0.entries[id, default: Entry()].asked += 1 } }

    /// Reads a controller's events until it ends.
    func follow(_ controller: FakeController, number: Int) {
        Task {
            while let event = try? await controller.events.next(within: .seconds(86_400)) {
                record(event, Link(controller: number, connection: event.connection))
            }
            state.withLock { if $0.live?.controller == number { $0.live = nil } }
        }
    }

    func follow(_ target: PythonPeer) -> Task<Void, Never> {
        Task {
            while let event = try? await target.events.next(within: .seconds(86_400)) {
                guard let id = event["id"]?.string else { continue }
                state.withLock { $0.entries[id]?.executions += 1 }
            }
        }
    }

    private func record(_ event: FakeController.Event, _ link: Link) {
        switch event.name {
        case "pong": if let payload = event["payload"]?.string { pongs.append(payload) }
        case "closed": state.withLock { if $0.live == link { $0.live = nil } }
        case "message": record(event.message ?? .null, size: event["size"]?.int ?? 0, link)
        default: break
        }
    }

    private func record(_ message: JSONValue, size: Int, _ link: Link) {
        if message["type"] == "heartbeat" {
            state.withLock { state in
                if state.live != link { state.connections += 1 }
                state.live = link
            }
            let instant = message["timestamp"]?.string.flatMap { try? instants.parse($0) }
            if let instant { state.withLock { $0.ahead = instant.timeIntervalSinceNow } }
        }
        guard message["type"] == "diagnostic_response", let id = message["request_id"]?.string else { return }
        let isFirst = state.withLock { state in
            state.entries[id, default: Entry()].answers.append((link, message))
            let isFirst = state.entries[id]?.answers.count == 1
            if isFirst { state.answerBytes += size } else { state.copies += 1 }
            if let code = message["result"]?["error_code"]?.string { state.codes.insert(code) }
            return isFirst
        }
        if isFirst { answered.append(id) }
    }

    // MARK: What is waited for

    func pong(_ payloads: Set<String>) async throws {
        _ = try await pongs.next("pong", within: .milliseconds(500)) { payloads.contains($0) }
    }

    /// Waits for a heartbeat whose time is `seconds` ahead of ours, give or take a minute.
    func heartbeat(aheadBy seconds: Double) async throws {
        for _ in 0..<3000 {
            if abs(state.withLock({ $0.ahead }) - seconds) < 60 { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Wrong(description: "no heartbeat \(seconds) s ahead")
    }

    func unanswered(_ ids: [String]) -> [String] {
        state.withLock { state in ids.filter { state.entries[$0]?.answers.isEmpty != false } }
    }

    /// Waits until each has an answer.
    func answers(to ids: [String], within limit: Duration = .seconds(60)) async throws {
        for id in ids where !unanswered([id]).isEmpty {
            do { _ = try await answered.peek("answer to \(id)", within: limit) { $0 == id } } catch {
                throw Wrong(description: "no answer to \(unanswered(ids).joined(separator: ", "))")
            }
        }
    }

    /// Waits until each answer has come twice, and both times the same.
    func copies(of ids: [String]) async throws {
        for id in ids {
            for _ in 0..<3000 where state.withLock({ $0.entries[id]?.answers.count ?? 0 }) < 2 {
                try await Task.sleep(for: .milliseconds(20))
            }
            let answers = state.withLock { $0.entries[id]?.answers ?? [] }
            guard answers.count >= 2, Set(answers.map(\.message)).count == 1 else {
                throw Wrong(description: "\(id) came \(answers.count) times: \(answers.map(\.message.text))")
            }
        }
    }

    // MARK: What must be true

    /// - Parameters:
    ///   - allowed: error codes that may be seen.
    ///   - mayRunAgain: the node was killed, so that what it had not answered was asked of another process.
    /// - Returns: one sentence for each breach.
    func breaches(allowed: Set<String>, mayRunAgain: Bool) -> [String] {
        state.withLock { state in
            state.entries.flatMap { id, entry -> [String] in
                var found: [String] = []
                guard let first = entry.answers.first?.message else { return ["\(id) has no answer"] }
                if entry.asked == 0 { found.append("\(id) was never asked") }
                let code = first["result"]?["error_code"]?.string
                if let code, !allowed.contains(code) { found.append("\(id): \(first.text)") }
                if !mayRunAgain {
                    if entry.answers.contains(where: { $0.message != first }) { found.append("\(id): answers differ") }
                    if entry.executions > 1 { found.append("\(id) ran \(entry.executions) times") }
                }
                // On one connection a copy comes only for a question.
                for (link, copies) in Dictionary(grouping: entry.answers, by: \.link)
                where copies.count > entry.asked { found.append("\(id): \(copies.count) answers on \(link)") }
                if first["result"]?["tool"] == nil, code == nil, first["result"]?["status_code"] != nil,
                    entry.executions == 0
                {
                    found.append("\(id) was answered and never ran")
                }
                return found
            }
        }
    }
}
