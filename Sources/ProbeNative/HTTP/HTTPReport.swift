/// What one request of a redirect chain met.
public struct HTTPHop: Sendable, Hashable {
    public var url: String
    public var status: Int?
    public var httpVersion: String?
    /// Names in lower case.
    public var fields: [HTTPField] = []
    /// Of the URL's host; nil where a proxy looks it up.
    public var address: IPAddress?
    public var phases = HTTPPhases()
    /// Of the connection, to the proxy where there is one.
    public var tcp: TCPInfo?
    public var security: HTTPSecurity?

    init(url: String) { self.url = url }

    /// Of a redirect's header at most this many bytes are kept: fifty hops of 256 KiB would be too much.
    private static let longestHeader = 8 << 10

    /// A hop that another followed.
    var passed: HTTPHop {
        var (hop, left) = (self, Self.longestHeader)
        hop.fields = fields.filter { field in
            left -= field.name.utf8.count + field.value.utf8.count
            return left >= 0
        }
        return hop
    }

    func write(to writer: inout some ReportWriter) {
        writer.field("url", url)
        writer.field("status_code", status)
        writer.field("http_version", httpVersion)
        writer.field("resolved_address", address?.description)
        phases.write(to: &writer)
        writeConnection(to: &writer)
        writeFields(to: &writer)
    }

    func writeFields(to writer: inout some ReportWriter) {
        guard writer.admits(.text, "headers") else { return }
        writer.object("headers") { writer in
            for field in fields { writer.member(field.name, .string(field.value)) }
        }
    }

    func writeConnection(to writer: inout some ReportWriter) {
        if let tcp {
            writer.object("tcp") { writer in
                writer.field("rtt_ms", tcp.roundTrip)
                writer.field("retransmits", tcp.retransmits)
            }
        }
        security?.write(to: &writer)
    }
}

/// What the http tool found, as far as it came.
public struct HTTPReport: Report {
    public var method: HTTPMethod
    public var url: String
    /// The hops that answered with a redirect that was followed (or was one too many).
    public var redirects: [HTTPHop] = []
    /// The hop that gave the result, or failed.
    public var last: HTTPHop
    /// Without its credentials.
    public var proxy: String?
    /// Nil when it was not asked for.
    public var body: [UInt8]?
    /// Decoded.
    public var bodyCount: Int?
    /// As it came over the network; nil when it came unencoded.
    public var encodedBodyCount: Int?
    public var isTruncated = false
    /// Empty where there is no answer to be judged.
    public var expectations: [HTTPExpectationResult] = []

    init(_ request: HTTPRequest, proxy: HTTPProxy?) {
        method = request.method
        url = request.url.text
        last = HTTPHop(url: request.url.text)
        self.proxy = proxy?.text
    }

    public var status: Int? { last.status }
    public var httpVersion: String? { last.httpVersion }
    public var fields: [HTTPField] { last.fields }
    public var security: HTTPSecurity? { last.security }

    /// All hops together.
    public var phases: HTTPPhases { redirects.reduce(HTTPPhases()) { $0 + $1.phases } + last.phases }

    public func write(to writer: inout some ReportWriter) {
        let phases = phases
        writer.field("method", method.rawValue)
        writer.field("url", url)
        writer.field("final_url", last.url)
        writer.field("status_code", last.status)
        writer.field("response_time_ms", phases.total)
        writer.field("http_version", httpVersion)
        phases.write(to: &writer)
        if let proxy { writer.field("proxy", proxy) }
        if !expectations.isEmpty {
            writer.array("expectations", expectations) { writer, result in result.write(to: &writer) }
        }
        writer.array("redirects", redirects) { writer, hop in hop.write(to: &writer) }
        last.writeFields(to: &writer)
        writer.field("body_bytes", bodyCount)
        if let encodedBodyCount { writer.field("body_bytes_encoded", encodedBodyCount) }
        writer.field("truncated", isTruncated)
        if let body, writer.admits(.body, "body") { Self.write(body, to: &writer) }
        last.writeConnection(to: &writer)
    }

    /// `body` where it is UTF-8, else `body_base64`: JSON has no bytes. A character that the limit cut in two is left
    /// out.
    private static func write(_ body: [UInt8], to writer: inout some ReportWriter) {
        for cut in 0...min(3, body.count) {
            if let text = String(validating: body.dropLast(cut), as: UTF8.self) {
                return writer.field("body", text)
            }
        }
        writer.field("body_base64", body.base64)
    }
}
