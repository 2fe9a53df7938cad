import ProbeNative

/// Why a node was not registered.
public struct RegistrationFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// The backend does not take the token (HTTP 401, 403).
        case tokenRefused
        /// The backend does not take what the node says of itself (HTTP 400, 422).
        case requestRefused
        /// Who answered is no backend, or none that the node may trust.
        case noBackend
        /// Nobody answers, or the backend says that it cannot now.
        case unavailable
    }

    public var kind: Kind
    /// One sentence.
    public var description: String
    /// The backend has had the token and may have made a node of it, though its answer is of no use.
    public var mayHaveUsedToken = false

    public init(_ kind: Kind, _ sentence: String, mayHaveUsedToken: Bool = false) {
        self.kind = kind
        description = sentence
        self.mayHaveUsedToken = mayHaveUsedToken
    }

    /// Of sysexits.h: EX_NOPERM, EX_DATAERR, EX_PROTOCOL, EX_UNAVAILABLE.
    public var exitCode: Int32 {
        switch kind {
        case .tokenRefused: 77
        case .requestRefused: 65
        case .noBackend: 76
        case .unavailable: 69
        }
    }

    /// Another attempt may come to something else without anybody doing anything.
    public var isWorthRetrying: Bool { kind == .unavailable }

    static let lostAnswer =
        " The backend may have used the token up all the same: if the next attempt is refused, get a new one."
}

extension RegistrationFailure {
    init(_ failure: AttemptFailure, wasSent: Bool) {
        let isAboutTrust = failure.code?.rawValue.hasPrefix("tls_") == true || failure.code == .httpInvalidResponse
        self.init(
            isAboutTrust ? .noBackend : .unavailable, failure.reason + (wasSent ? Self.lostAnswer : ""),
            mayHaveUsedToken: wasSent)
    }

    /// An answer that is none of a registration.
    init(_ answer: BackendCall.Answer, from backend: BackendURL) {
        let detail = Self.detail(answer.body).map { ": \($0)" } ?? ""
        let status = "HTTP \(answer.status) \(answer.phrase)".quotedForMessage.dropFirst().dropLast()
        switch answer.status {
        case 401, 403:
            self.init(
                .tokenRefused,
                "\(backend.authority) does not take the registration token (\(status)\(detail)): it is wrong, expired or "
                    + "used up; get a new one.")
        case 400, 422:
            self.init(.requestRefused, "\(backend.authority) refuses the registration (\(status)\(detail)).")
        case 404, 405:
            self.init(
                .noBackend,
                "\(backend.authority) has no registration (\(status)): check the backend's URL and its path.")
        case 408, 429, 500...:
            self.init(.unavailable, "\(backend.authority) cannot register the node now (\(status)\(detail)).")
        default:
            self.init(
                .noBackend, "\(backend.authority) answered \(status)\(detail), which is no answer to a registration.")
        }
    }

    /// What FastAPI and its like say: `detail` is a sentence, or a list of complaints with `loc` and `msg`.
    private static func detail(_ body: [UInt8]) -> String? {
        guard let document = try? JSONDocument.read(body), let detail = document["detail"] else { return nil }
        if let text = detail.text { return text.quotedForMessage }
        let complaints = detail.elements.prefix(5).compactMap { complaint -> String? in
            guard let message = complaint["msg"]?.text else { return nil }
            let place = complaint["loc"]?.elements.compactMap(\.text).dropFirst().joined(separator: ".") ?? ""
            return (place.isEmpty ? message : "\(place) \(message)").quotedForMessage
        }
        return complaints.isEmpty ? nil : complaints.joined(separator: ", ")
    }
}
