import Logging
import NIOCore
import NIOPosix
import ProbeNative
import ProbeProtocol

/// Trades a registration token for a node's identity (docs/wire-protocol.md, "Registration").
public struct NodeRegistration: Sendable {
    /// Older servers have only the second.
    private static let paths = ["/probe-nodes/register", "/register"]

    private let configuration: AgentConfiguration
    private let dialer: BackendDialer
    private let request: RegistrationFrame
    private let time: any TimeSource

    /// - Parameters:
    ///   - configuration: with a registration token.
    ///   - tools: every tool of the program; those that the configuration allows are told to the backend.
    /// - Throws: one sentence when the backend's URL, the CA file or the client certificate cannot be used.
    public init(
        _ configuration: AgentConfiguration, tools: [String], time: any TimeSource = SystemTime()
    ) throws(InvalidInput) {
        self.configuration = configuration
        self.time = time
        dialer = try BackendDialer(
            try BackendURL(configuration.backend, allowsPlaintext: configuration.allowPlaintext),
            caFile: configuration.caFile, access: configuration.access, time: time,
            group: MultiThreadedEventLoopGroup.singleton.next())
        request = RegistrationFrame(configuration, tools: tools)
    }

    /// Asks once, which takes at most 10 s (twice that with an older backend).
    public func attempt() async throws(RegistrationFailure) -> Identity {
        let body = JSONWriter.object(request)
        for path in Self.paths {
            let call = BackendCall(dialer)
            let answer: BackendCall.Answer
            do throws(AttemptFailure) {
                answer = try await call.send(.POST, dialer.backend.path(of: path), body: body)
            } catch {
                throw RegistrationFailure(error, wasSent: call.wasSent.withLock { $0 })
            }
            if [404, 405].contains(answer.status), path != Self.paths.last { continue }
            guard (200..<300).contains(answer.status) else { throw RegistrationFailure(answer, from: dialer.backend) }
            return try identity(answer)
        }
        throw RegistrationFailure(.noBackend, "\(dialer.backend.authority) has no registration.")
    }

    /// Asks until something has come of it, with the session's delays in between.
    /// - Parameters:
    ///   - limit: how long; nil for as long as it takes. The first attempt is made in any case.
    ///   - failed: hears why an attempt came to nothing and when the next one is made.
    public func attempts(
        for limit: Duration? = nil, _ failed: (RegistrationFailure, Duration) -> Void
    ) async throws(RegistrationFailure) -> Identity {
        let end = limit.map { time.now + $0 } ?? .distantFuture
        var delays = Reconnection(configuration.reconnect)
        var mayHaveUsedToken = false
        while true {
            do throws(RegistrationFailure) { return try await attempt() } catch {
                var failure = error
                if failure.kind == .tokenRefused, mayHaveUsedToken {
                    failure.description += " An attempt whose answer was lost may have used it up."
                }
                mayHaveUsedToken = mayHaveUsedToken || failure.mayHaveUsedToken
                let delay = delays.delay(after: .failed, authenticatedFor: nil, unit: .random(in: -1...1))
                guard failure.isWorthRetrying, time.now + delay < end else { throw failure }
                failed(failure, delay)
                do { try await time.sleep(for: delay) } catch { throw failure }
            }
        }
    }

    private func identity(_ answer: BackendCall.Answer) throws(RegistrationFailure) -> Identity {
        func unusable(_ what: String) -> RegistrationFailure {
            RegistrationFailure(
                .noBackend,
                "\(dialer.backend.authority) answered HTTP \(answer.status), but \(what)."
                    + RegistrationFailure.lostAnswer,
                mayHaveUsedToken: true)
        }
        let document: ParameterValue
        do throws(MalformedMessage) { document = try JSONDocument.read(answer.body) } catch {
            throw unusable("its answer is not JSON")
        }
        guard let uuid = document["node_uuid"]?.text, Setting.isIdentifier(uuid) else {
            throw unusable("its answer has no usable node_uuid")
        }
        guard let key = document["api_key"]?.text.flatMap(ValueFormat<Secret>.key.read) else {
            throw unusable("its answer has no usable api_key")
        }
        return Identity(
            nodeUUID: uuid, apiKey: key, backend: configuration.backend, name: request.name, region: request.region,
            registeredAt: time.wallTime)
    }
}
