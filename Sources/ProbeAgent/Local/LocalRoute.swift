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
    /// Header fields: names in lower case.
    public var fields: [String: String] = [:]
    /// At most 64 KiB.
    public var body: [UInt8]

    /// The value of `name=value` in the query, decoded (URL Standard, section 5.1); nil also where what it encodes is
    /// no text.
    public func parameter(_ name: String) -> String? {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, Self.decoded(parts[0]) == name { return Self.decoded(parts[1]) }
        }
        return nil
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(Substring(rest.prefix(2)), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

public struct LocalResponse: Sendable {
    /// Of HTTP (RFC 9110 section 15).
    public var status: Int
    public var contentType: String
    public var body: [UInt8]
    /// Called once the answer is on its way, or cannot be sent.
    public var afterwards: (@Sendable () -> Void)?
    /// What follows the body: each part is made when the one before was taken.
    public var parts: (any Sequence<[UInt8]> & Sendable)?

    public init(
        status: Int = 200, contentType: String, body: [UInt8] = [], parts: (any Sequence<[UInt8]> & Sendable)? = nil
    ) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.parts = parts
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
