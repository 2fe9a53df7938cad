/// Where a probe was when it failed, in the order in which a probe passes them.
public enum Stage: String, Sendable, Hashable {
    case queue, policy, resolve, connect, tls, request, response, body, expectation
}

/// Why a diagnostic failed: a value, not an exception of the program. `detail` is one sentence for people.
public struct ProbeFailure: Error, Sendable, Hashable {
    public var stage: Stage
    public var code: ErrorCode
    public var detail: String

    public init(_ stage: Stage, _ code: ErrorCode, _ detail: String) {
        self.stage = stage
        self.code = code
        self.detail = detail
    }

    /// False when the node itself did not measure (bad input, policy, load, cancellation, its own resources): the
    /// answer's top-level `success`. A target's failure is a measurement.
    public var isMeasurement: Bool {
        switch code {
        case .invalidParameters, .unknownTool, .unsupported, .policyDenied, .rateLimited, .queueFull, .cancelled,
            .shuttingDown, .localResourceExhausted, .permissionDenied, .internalError, .resultTooLarge:
            false
        case .deadlineExceeded: stage != .queue
        default: true
        }
    }

    /// The job's deadline came while the probe was at `stage`.
    public static func deadline(_ stage: Stage) -> ProbeFailure {
        ProbeFailure(stage, .deadlineExceeded, "The deadline came before the diagnostic was done.")
    }
    public static func cancelled(_ stage: Stage) -> ProbeFailure {
        ProbeFailure(stage, .cancelled, "The job was cancelled.")
    }
}

/// Bad input: a parameter or target that the tool refuses, in one sentence naming the parameter, the value and what is
/// allowed.
public struct InvalidInput: Error, Sendable, Hashable, CustomStringConvertible {
    public var code: ErrorCode
    public var detail: String

    public init(_ detail: String, code: ErrorCode = .invalidParameters) {
        self.detail = detail
        self.code = code
    }
    public var description: String { detail }
    public var failure: ProbeFailure { ProbeFailure(.queue, code, detail) }
}
