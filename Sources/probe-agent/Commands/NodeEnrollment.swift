import Logging
import ProbeAgent
import ProbeNative

/// The first start of a node that has a registration token and no identity yet.
enum NodeEnrollment {
    /// Registers, with the session's delays between attempts for as long as the backend is not there, and puts the
    /// identity in its place. Meanwhile the control socket answers for `node`.
    /// - Returns: the exit code where the node cannot go on: 0 when a signal ends it, 78 when only a person can help.
    static func complete(
        _ configuration: inout AgentConfiguration, _ resources: NodeResources, tools: [String], node: EnrollingNode,
        notifier: ServiceNotifier?, _ logger: Logger
    ) throws -> Int32? {
        guard configuration.enrollment.isDue, let directory = resources.state else { return nil }
        let control = resources.control
        control?.routes = LocalRoute.control(node, requestStop: ProcessSignals.requestStop)
        let registration: NodeRegistration
        do throws(InvalidInput) { registration = try NodeRegistration(configuration, tools: tools) } catch {
            throw ConfigurationError(error.detail)
        }
        notifier?.starting("registering", for: .seconds(60))
        logger.notice("agent.registering", metadata: ["backend": "\(configuration.backend)"])
        let outcome = MainThread.wait { () -> Result<Identity, RegistrationFailure> in
            // A socket that cannot be served fails once more when the node runs, and ends it.
            try? await control?.start()
            do throws(RegistrationFailure) {
                return .success(
                    try await registration.attempts { failure, delay in
                        node.failed(failure, retryIn: delay)
                        // An attempt takes at most 20 s.
                        notifier?.starting("registering: \(failure)", for: delay + .seconds(60))
                        logger.warning(
                            "agent.registration_failed",
                            metadata: ["reason": "\(failure)", "retry_in_ms": "\(Int(delay.inMilliseconds))"])
                    })
            } catch { return .failure(error) }
        } until: {
            // There is nothing to read again yet.
            if case .stop(let signal) = $0 { signal } else { nil }
        }
        switch outcome {
        case .stopped:
            control?.removeFiles()
            logger.info("agent.stopped")
            return 0
        case .done(.failure(let failure)):
            control?.removeFiles()
            logger.critical("agent.not_registered", metadata: ["reason": "\(failure)"])
            return ConfigurationError.exitCode
        case .done(.success(let identity)):
            logger.notice("agent.registered", metadata: ["node_uuid": "\(identity.nodeUUID)"])
            try identity.keep(in: directory)
            configuration.nodeUUID = identity.nodeUUID
            configuration.apiKey = identity.apiKey
            return nil
        }
    }
}
