import Foundation

/// A control plane from outside this project (Tests/Peers/controller.py, Python's websockets), told
/// by the test what to do and reporting everything that the node sends.
///
/// A command returns once it has taken effect, and throws what the peer said when it could not.
public final class FakeController: Sendable {
    /// What the peer reports; `name` and fields as in the head of controller.py.
    public struct Event: Sendable, CustomStringConvertible {
        public let name: String
        /// Counted from 1 in the order of TCP connections; 0 where the event is about none.
        public let connection: Int
        /// Seconds of the peer's monotonic clock.
        public let time: Double
        public let fields: JSONValue

        /// A member of the event itself, for example `event["code"]`.
        public subscript(key: String) -> JSONValue? { fields[key] }
        /// The JSON message of a `message` or `authentication` event.
        public var message: JSONValue? { fields["message"] }
        public var description: String { fields.text }
    }

    public let port: Int
    public let events = EventLog<Event>()
    private let isEncrypted: Bool
    private let host: String
    private let process: ChildProcess
    private let answers = EventLog<Event>()

    /// - Parameters:
    ///   - port: 0 for any; the port of a stopped controller to come back in its place.
    ///   - certificate: makes it wss.
    ///   - clientAuthority: a PEM file; clients must show a certificate by it.
    ///   - tls: the highest version, "1.2" or "1.3".
    ///   - receiveBuffer: SO_RCVBUF in bytes, small for a slow reader.
    ///   - lab: to run in one of the lab's namespaces; `near` is where the node is.
    public static func start(
        host: String = "127.0.0.1", port: Int = 0, certificate: CertificateFiles? = nil,
        clientAuthority: String? = nil, tls: String? = nil, receiveBuffer: Int? = nil, in lab: NetworkLab? = nil,
        side: NetworkLab.Side = .near
    ) async throws -> FakeController {
        var arguments = [Places.testFile("Peers/controller.py"), "--host", host, "--port", "\(port)"]
        if let certificate { arguments += ["--certificate", certificate.chain, "--key", certificate.key] }
        if let clientAuthority { arguments += ["--client-authority", clientAuthority] }
        if let tls { arguments += ["--tls", tls] }
        if let receiveBuffer { arguments += ["--receive-buffer", "\(receiveBuffer)"] }
        let command = ["/usr/bin/python3"] + arguments
        let process = try ChildProcess.start(lab?.command(on: side, command) ?? command)
        do {
            let first = try await process.output.next("listening")
            guard let port = try JSONValue(parsing: first)["port"]?.int else { throw Refused(description: first) }
            return FakeController(process, host: host, port: port, isEncrypted: certificate != nil)
        } catch {
            await process.stop()
            throw Refused(description: "\(error)\n\(process.errors.pending.joined(separator: "\n"))")
        }
    }

    /// A command that the peer could not carry out.
    public struct Refused: Error, CustomStringConvertible {
        public let description: String
    }

    private init(_ process: ChildProcess, host: String, port: Int, isEncrypted: Bool) {
        (self.process, self.host, self.port, self.isEncrypted) = (process, host, port, isEncrypted)
        Task { [events, answers] in
            while let line = try? await process.output.next(within: .seconds(86_400)) {
                guard let event = Self.event(line) else { continue }
                (event.name == "done" || event.name == "failed" ? answers : events).append(event)
            }
            events.finish()
            answers.finish()
        }
    }

    /// The base URL for `--backend`.
    public var url: String { "\(isEncrypted ? "https" : "http")://\(authority)" }
    public var webSocketURL: String { "\(isEncrypted ? "wss" : "ws")://\(authority)/ws/node" }
    private var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Any command of controller.py.
    public func command(_ name: String, _ fields: JSONValue = [:], on connection: Int? = nil) async throws {
        let id = UUID().uuidString
        var command = fields.merging(["cmd": .string(name), "id": .string(id)])
        if let connection { command = command.merging(["connection": .number(Double(connection))]) }
        process.write(line: command.text)
        let answer = try await answers.next("answer to \(name)") { $0["id"]?.string == id }
        guard answer.name == "done" else { throw Refused(description: answer["error"]?.string ?? answer.description) }
    }

    /// The next event of that name that satisfies `matches`.
    public func next(
        _ name: String, within limit: Duration = .seconds(30),
        where matches: @escaping @Sendable (Event) -> Bool = { _ in true }
    ) async throws -> Event {
        try await events.next("\(name) event", within: limit) { $0.name == name && matches($0) }
    }

    /// The next message of that `type` from the node.
    public func nextMessage(
        type: String, within limit: Duration = .seconds(30),
        where matches: @escaping @Sendable (JSONValue) -> Bool = { _ in true }
    ) async throws -> JSONValue {
        let event = try await next("message", within: limit) { event in
            event.message?["type"]?.string == type && event.message.map(matches) == true
        }
        return event.message ?? .null
    }

    /// The node's answer to a job.
    public func response(to requestID: String, within limit: Duration = .seconds(30)) async throws -> JSONValue {
        try await nextMessage(type: "diagnostic_response", within: limit) { $0["request_id"]?.string == requestID }
    }

    /// To the process: SIGSTOP freezes the backend with its connections open.
    public func send(signal: Int32) { process.send(signal: signal) }

    /// Ends the process, which closes its connections; its port may be used again.
    public func stop() async { await process.stop(signal: SIGKILL) }

    /// A controller for the length of `body`.
    public static func with<Result>(
        certificate: CertificateFiles? = nil, clientAuthority: String? = nil, tls: String? = nil,
        receiveBuffer: Int? = nil, in lab: NetworkLab? = nil, _ body: (FakeController) async throws -> Result
    ) async throws -> Result {
        let controller = try await start(
            certificate: certificate, clientAuthority: clientAuthority, tls: tls, receiveBuffer: receiveBuffer, in: lab)
        do {
            let result = try await body(controller)
            await controller.stop()
            return result
        } catch {
            await controller.stop()
            throw error
        }
    }

    private static func event(_ line: String) -> Event? {
        guard let fields = try? JSONValue(parsing: line), let name = fields["event"]?.string else { return nil }
        return Event(
            name: name, connection: fields["connection"]?.int ?? 0, time: fields["t"]?.double ?? 0, fields: fields)
    }
}
