/// What one request of a redirect chain met.
public struct HTTPHop: Sendable, Hashable {
    public var url: String
    public var status: Int?
    public var address: IPAddress?
    public var phases: HTTPPhases
}

/// The TLS side of the last hop.
public struct HTTPSecurity: Sendable, Hashable {
    public var version: String?
    public var cipher: String?
    /// Nil when the handshake ended before the server showed its certificates.
    public var verdict: CertificateVerdict?
    /// The clock that `days_left` is counted from.
    public var seenAt: WallTime

    func write(to writer: inout some ReportWriter) {
        writer.object("tls") { writer in
            writer.field("protocol", version)
            writer.field("cipher", cipher)
            guard let verdict else { return }
            verdict.write(to: &writer)
            writer.array("chain", verdict.chain) { writer, certificate in certificate.write(to: &writer, at: seenAt) }
        }
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
    public var httpVersion: String?
    /// Names in lower case.
    public var fields: [HTTPField] = []
    /// Nil when it was not asked for.
    public var body: [UInt8]?
    /// Decoded.
    public var bodyCount: Int?
    /// As it came over the network; nil when it came unencoded.
    public var encodedBodyCount: Int?
    public var isTruncated = false
    public var security: HTTPSecurity?

    init(_ request: HTTPRequest) {
        method = request.method
        url = request.url.text
        last = HTTPHop(url: request.url.text, phases: HTTPPhases())
    }

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
        writer.array("redirects", redirects) { writer, hop in
            writer.field("url", hop.url)
            writer.field("status_code", hop.status)
            writer.field("resolved_address", hop.address?.description)
            hop.phases.write(to: &writer)
        }
        if writer.admits(.text, "headers") {
            writer.object("headers") { writer in
                for field in fields { writer.member(field.name, .string(field.value)) }
            }
        }
        writer.field("body_bytes", bodyCount)
        if let encodedBodyCount { writer.field("body_bytes_encoded", encodedBodyCount) }
        writer.field("truncated", isTruncated)
        if let body, writer.admits(.body, "body") { Self.write(body, to: &writer) }
        security?.write(to: &writer)
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
