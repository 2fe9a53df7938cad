/// What validation found out about an answer (RFC 4033 section 5).
public struct DNSSECVerdict: Sendable, Hashable {
    public enum Status: String, Sendable, Hashable {
        /// A chain of signatures leads from a trust anchor to all of it.
        case secure
        /// It is proved that there is no such chain: a delegation without DS, or one that only signs in ways unknown here.
        case insecure
        /// There should be a chain, and it is broken.
        case bogus
        /// No trust anchor is above the name, or records that are needed are not there.
        case indeterminate
    }

    /// A zone on the way from the trust anchor.
    public struct Link: Sendable, Hashable {
        public var zone: String
        /// The key that its parent's DS, or the trust anchor, vouches for; nil where the zone is not signed.
        public var keyTag: Int?
        /// IANA's number.
        public var algorithm: Int?
    }

    public var status: Status
    /// A sentence for everything but `secure`.
    public var reason: String?
    public var chain: [Link] = []
    /// Queries for keys and delegations, beyond the question itself.
    public var queries = 0
    /// Why there is no answer to validate by, where that is why.
    var cause: ProbeFailure?

    init(_ status: Status, _ reason: String? = nil, cause: ProbeFailure? = nil) {
        self.status = status
        // Many reasons end with a name, which ends with its own dot.
        self.reason = reason.map { $0.hasSuffix(".") ? $0 : $0 + "." }
        self.cause = cause
    }

    public func write(to writer: inout some ReportWriter) {
        writer.field("status", status.rawValue)
        writer.field("reason", reason)
        writer.array("chain", chain) { writer, link in
            writer.field("zone", link.zone)
            writer.field("key_tag", link.keyTag)
            writer.field("algorithm", link.algorithm)
        }
        writer.field("queries", queries)
    }

    /// What a probe that was asked to validate reports beside the answer.
    var failure: ProbeFailure? {
        switch status {
        case .secure, .insecure: nil
        case .bogus: ProbeFailure(.response, .dnssecBogus, reason ?? "The answer is bogus.")
        case .indeterminate: cause
        }
    }
}

/// Ends a validation early.
enum ValidationEnd: Error {
    case bogus(String)
    /// The records that are needed could not be had.
    case stopped(ProbeFailure)
    /// No anchor is above the name, or the answer is not all of one.
    case undecided(String)
}
