import COpenSSL

/// The parameters of the http tool.
public struct HTTPParameters: Sendable {
    public enum Version: String, Sendable { case http1 = "1.1", http2 = "2" }

    public var method: HTTPMethod
    /// Those of the job, and the Authorization that `basic_auth` or `bearer` stand for.
    public var fields: [HTTPField]
    public var body: [UInt8]?
    public var followsRedirects: Bool
    public var maxRedirects: Int
    public var version: Version?
    public var verifiesTLS: Bool
    public var trust: TrustStore?
    public var resolveTo: IPAddress?
    /// The name server for this job's look-ups, instead of the node's own.
    public var resolver: DNSResolverChoice
    public var proxy: HTTPProxy?
    public var isCompressed: Bool
    public var bodyLimit: Int
    public var includesBody: Bool
    public var expectations: HTTPExpectations

    /// Of a body, what is held in memory while the job runs.
    var keptBytes: Int {
        if includesBody { return bodyLimit }
        return expectations.readsBody ? min(bodyLimit, Pattern.subjectLimit) : 0
    }

    init(_ reader: inout ParameterReader) {
        let methodName = reader.choice("method", default: "GET", of: HTTPMethod.names, help: "request method")
        method = HTTPMethod(rawValue: methodName) ?? .get
        fields = Self.fields(&reader)
        body = reader.optionalText("body", limit: 1 << 20, multiline: true, help: "request body").map { Array($0.utf8) }
        if body != nil, !method.mayHaveBody { reader.refuse("body does not go with the method \(method.rawValue).") }
        followsRedirects = reader.flag("follow_redirects", default: true, help: "follow redirects")
        maxRedirects = reader.integer("max_redirects", default: 10, in: 0...50, help: "redirects to follow at most")
        version = reader.optionalChoice(
            "http_version", of: ["1.1", "2"], help: "HTTP version to offer (default: what TLS negotiates, else 1.1)"
        ).flatMap(Version.init(rawValue:))
        verifiesTLS = reader.flag("verify_tls", default: true, help: "fail when the server's certificate is not good")
        trust = reader.trustStore("ca_pem")
        resolveTo = Self.resolveTo(&reader)
        resolver = Self.resolver(&reader)
        proxy = Self.proxy(&reader)
        isCompressed = reader.flag("compressed", default: true, help: "ask for a compressed body and decode it")
        bodyLimit = reader.integer(
            "body_limit", default: 1 << 20, in: 0...(16 << 20), unit: "bytes",
            help: "read at most this much of the body, as it came and decoded")
        includesBody = reader.flag("include_body", default: false, help: "put the body into the result")
        if let authorization = Self.authorization(&reader) {
            fields.removeAll { $0.isNamed("authorization") }
            fields.append(authorization)
        }
        expectations = Self.expectations(&reader)
    }

    static func fields(_ reader: inout ParameterReader) -> [HTTPField] {
        let pairs = reader.pairs("headers", help: "request header fields")
        if pairs.reduce(0, { $0 + $1.name.utf8.count + $1.value.utf8.count }) > 64 << 10 {
            reader.refuse("headers must be at most 65536 bytes together.")
        }
        for (name, value) in pairs {
            if name.isEmpty || !name.utf8.allSatisfy(HTTPField.isTokenByte) {
                reader.refuse("headers: \(name.quotedForMessage) is not the name of a header field.")
            }
            if value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f }) {
                reader.refuse("headers: the value of \(name) has control characters in it.")
            }
            // They describe the message that libcurl frames; a second opinion would be request smuggling.
            if ["content-length", "transfer-encoding", "connection", "upgrade"].contains(name.lowercased()) {
                reader.refuse("headers: \(name) is set by the node and cannot be given.")
            }
        }
        return pairs.map { HTTPField($0.name, $0.value) }
    }

    private static func resolveTo(_ reader: inout ParameterReader) -> IPAddress? {
        guard
            let text = reader.optionalText(
                "resolve_to", limit: 64, help: "address to use for the URL's host instead of looking it up")
        else { return nil }
        if let address = IPAddress(text) { return address }
        reader.refuse("resolve_to", .string(text), "an IP address")
        return nil
    }

    private static func authorization(_ reader: inout ParameterReader) -> HTTPField? {
        let basic = reader.pairs("basic_auth", help: "username and password for HTTP Basic authentication")
        let bearer = reader.optionalText("bearer", limit: 16 << 10, help: "token for HTTP Bearer authentication")
        if let bearer {
            if !basic.isEmpty { reader.refuse("basic_auth and bearer do not go together.") }
            return HTTPField("Authorization", "Bearer \(bearer)")
        }
        guard !basic.isEmpty else { return nil }
        let username = basic.last { $0.name == "username" }?.value
        let password = basic.last { $0.name == "password" }?.value
        guard let username, let password, basic.allSatisfy({ ["username", "password"].contains($0.name) }),
            !username.contains(":"), username.utf8.count + password.utf8.count <= 4096
        else {
            reader.refuse("basic_auth must have username (without a colon) and password, and nothing else.")
            return nil
        }
        return HTTPField("Authorization", "Basic \(Array("\(username):\(password)".utf8).base64)")
    }

    private static func resolver(_ reader: inout ParameterReader) -> DNSResolverChoice {
        let text = reader.optionalText(
            "resolver", limit: 300,
            help: "name server for look-ups: address, address:port or name (default: the system's)")
        guard let text else { return .system }
        if let choice = DNSResolverChoice(text), case .server = choice { return choice }
        reader.refuse("resolver", .string(text), "an address, address:port, [IPv6]:port or a host name")
        return .system
    }

    private static func proxy(_ reader: inout ParameterReader) -> HTTPProxy? {
        let text = reader.optionalText(
            "proxy", limit: 2048, help: "http://, https://, socks5:// or socks5h://[user:password@]host:port")
        guard let text else { return nil }
        do throws(InvalidInput) { return try HTTPProxy(text) } catch {
            reader.refuse(error.detail, code: error.code)
            return nil
        }
    }

    private static func expectations(_ reader: inout ParameterReader) -> HTTPExpectations {
        let value = reader.value(
            "expect", .structure,
            help: "what the answer must be: status, header.NAME, body_regex, not_body_regex, json./POINTER, max_ms, "
                + "tls_days_left")
        guard let value else { return HTTPExpectations() }
        do throws(InvalidInput) { return try HTTPExpectations(value) } catch {
            reader.refuse(error.detail, code: error.code)
            return HTTPExpectations()
        }
    }
}

extension [UInt8] {
    /// RFC 4648 section 4.
    package var base64: String {
        var text = [UInt8](repeating: 0, count: (count + 2) / 3 * 4 + 1)
        let length = EVP_EncodeBlock(&text, self, Int32(count))
        return String(decoding: text.prefix(Int(length)), as: UTF8.self)
    }
}
