/// A header field.
public struct HTTPField: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    func isNamed(_ other: String) -> Bool { name.lowercased() == other }

    /// `token` of RFC 9110 section 5.6.2: what a name is made of.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

public enum HTTPMethod: String, Sendable, Hashable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
    case options = "OPTIONS"
    case patch = "PATCH"

    static let names = allCases.map(\.rawValue)

    var mayHaveBody: Bool { self != .get && self != .head }
    /// POST, PUT and PATCH say that they have no body (RFC 9110 section 8.6); for the others its absence says so.
    var alwaysHasLength: Bool { self == .post || self == .put || self == .patch }
}

/// What is sent in one hop.
struct HTTPRequest: Sendable {
    var url: HTTPURL
    var method: HTTPMethod
    var fields: [HTTPField]
    var body: [UInt8]?

    /// Statuses that name another place in Location.
    static func isRedirect(_ status: Int) -> Bool { [301, 302, 303, 307, 308].contains(status) }

    /// The request that a redirect asks for. Methods change as the Fetch standard says (4.4, step 12 and on): POST
    /// becomes GET after 301 and 302, and all but HEAD after 303. What belongs to one origin does not go to another.
    func redirected(by status: Int, to url: HTTPURL) -> HTTPRequest {
        var next = self
        next.url = url
        if status == 303 && method != .head || (status == 301 || status == 302) && method == .post {
            next.method = .get
            next.body = nil
            next.fields.removeAll { $0.name.lowercased().hasPrefix("content-") }
        }
        if url.origin != self.url.origin {
            let bound = ["authorization", "cookie", "proxy-authorization", "host"]
            next.fields.removeAll { bound.contains($0.name.lowercased()) }
        }
        return next
    }
}
