import ProbeNative
import ProbeProtocol

/// One address of a local server and what it answers.
public struct LocalRoute: Sendable {
    /// `GET` or `POST`.
    public var method: String
    public var path: String
    /// Called in a task of its own, on no reactor and no event loop.
    public var handler: @Sendable (LocalRequest) async -> LocalResponse

    public init(
        _ method: String, _ path: String, handler: @escaping @Sendable (LocalRequest) async -> LocalResponse
    ) {
        self.method = method
        self.path = path
        self.handler = handler
    }
}

public struct LocalRequest: Sendable {
    /// What stands behind the path's `?`, as it came; empty where there is nothing.
    public var query: String
    /// At most 64 KiB.
    public var body: [UInt8]

    /// The value of `name=value` in the query, as it came.
    public func parameter(_ name: String) -> String? {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0] == name { return String(parts[1]) }
        }
        return nil
    }
}

public struct LocalResponse: Sendable {
    /// Of HTTP (RFC 9110 section 15).
    public var status: Int
    public var contentType: String
    public var body: [UInt8]
    /// Called once the answer is on its way, or cannot be sent.
    public var afterwards: (@Sendable () -> Void)?

    public init(status: Int = 200, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// A sentence for people.
    public static func text(_ sentence: String, status: Int = 200) -> LocalResponse {
        LocalResponse(
            status: status, contentType: "text/plain; charset=utf-8", body: Array(sentence.utf8) + [UInt8(ascii: "\n")])
    }

    public static func json(_ report: some Report, status: Int = 200) -> LocalResponse {
        LocalResponse(
            status: status, contentType: "application/json",
            body: JSONWriter.object(report) + [UInt8(ascii: "\n")])
    }
}
