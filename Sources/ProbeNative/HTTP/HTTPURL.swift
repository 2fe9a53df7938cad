import CCurl

/// An http or https URL, normalised, with its host in ASCII. libcurl's parser decides what a URL is, so that what is
/// checked here is what it will fetch.
public struct HTTPURL: Sendable, Hashable, CustomStringConvertible {
    /// Scheme, host and port: what a secret may be sent to.
    public struct Origin: Sendable, Hashable {
        public var isSecure: Bool
        public var host: Host
        public var port: UInt16
    }

    /// Without a fragment and without credentials.
    public let text: String
    public let origin: Origin

    public var description: String { text }
    public var host: Host { origin.host }
    public var isSecure: Bool { origin.isSecure }

    private static let longest = 8192

    /// Reads a job's target. Without a scheme it is `http://`, as for curl and blackbox_exporter.
    public init(target text: String) throws(InvalidInput) {
        if let plain = HTTPURL(plain: text) {
            self = plain
            return
        }
        try self.init(parsing: text)
    }

    private init(text: String, origin: Origin) {
        self.text = text
        self.origin = origin
    }

    /// Reads what most jobs have: a scheme, a host in lower case, perhaps a port, and a path and query of characters that
    /// stand for themselves. All of it is as libcurl's parser leaves it, without ten calls of that. Nil for any other
    /// text, good or bad.
    init?(plain text: String) {
        let bytes = text.utf8
        guard bytes.count <= Self.longest, bytes.starts(with: "http".utf8) else { return nil }
        var rest = bytes.dropFirst(4)
        let isSecure = rest.first == UInt8(ascii: "s")
        if isSecure { rest.removeFirst() }
        guard rest.starts(with: "://".utf8) else { return nil }
        rest = rest.dropFirst(3)
        let host = rest.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "/") }
        rest = rest[host.endIndex...]
        guard host.allSatisfy(Self.isPlainHostByte), let read = try? Host(String(Substring(host))) else { return nil }
        var port: UInt16 = isSecure ? 443 : 80
        if rest.first == UInt8(ascii: ":") {
            let digits = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard digits.first != UInt8(ascii: "0"), let number = UInt16(Substring(digits)) else { return nil }
            port = number
            rest = rest[digits.endIndex...]
        }
        let origin = Origin(isSecure: isSecure, host: read, port: port)
        if rest.isEmpty {
            self.init(text: text + "/", origin: origin)
        } else if Self.isPlainPath(rest) {
            self.init(text: text, origin: origin)
        } else {
            return nil
        }
    }

    private static func isPlainHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// A path without segments that begin with a dot, and perhaps a query.
    private static func isPlainPath(_ bytes: Substring.UTF8View) -> Bool {
        guard bytes.first == UInt8(ascii: "/"), bytes.last != UInt8(ascii: "?") else { return false }
        var (last, hasQuery): (UInt8, Bool) = (0, false)
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "="), UInt8(ascii: "&"):
                break
            case UInt8(ascii: ".") where last != UInt8(ascii: "/"): break
            case UInt8(ascii: "?") where !hasQuery: hasQuery = true
            default: return false
            }
            last = byte
        }
        return true
    }

    /// Whether its host is a literal and, with its port, this very address.
    func names(_ address: SocketAddress) -> Bool {
        origin.host == .address(address.address) && origin.port == address.port && address.address.zone == 0
    }

    /// Where a redirect's Location leads from here. Credentials in it are dropped: they are the server's, not the job's.
    func following(_ location: String) throws(InvalidInput) -> HTTPURL {
        let base = text
        return try HTTPURL(checked: location, credentialsAllowed: true) { url throws(InvalidInput) in
            try url.set(CURLUPART_URL, base, in: base)
            try url.set(CURLUPART_URL, location, in: location)
        }
    }

    /// By libcurl's parser.
    init(parsing text: String) throws(InvalidInput) {
        try self.init(checked: text, credentialsAllowed: false) { url throws(InvalidInput) in
            if text.hasPrefix("-") { throw InvalidInput("The URL \(text.quotedForMessage) begins with \"-\".") }
            if text.utf8.contains(where: { $0 <= 0x20 }) {
                throw InvalidInput("The URL \(text.quotedForMessage) has spaces or control characters in it.")
            }
            // "://" in a query is no scheme.
            let hasScheme = text.contains("://") && text.prefix { !"/?#".contains($0) }.hasSuffix(":")
            try url.set(CURLUPART_URL, hasScheme ? text : "http://" + text, in: text)
        }
    }

    private init(
        checked text: String, credentialsAllowed: Bool, _ read: (CurlURL) throws(InvalidInput) -> Void
    ) throws(InvalidInput) {
        guard !text.isEmpty else { throw InvalidInput("The URL is empty.") }
        guard text.utf8.count <= Self.longest else {
            throw InvalidInput("The URL \(text.quotedForMessage) is longer than \(Self.longest) bytes.")
        }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }) {
            throw InvalidInput("The URL \(text.quotedForMessage) has control characters in it.")
        }
        guard let url = CurlURL() else {
            throw InvalidInput("There is no memory for a URL.", code: .localResourceExhausted)
        }
        try read(url)
        if url.get(CURLUPART_USER) != nil || url.get(CURLUPART_PASSWORD) != nil {
            if !credentialsAllowed {
                throw InvalidInput("The URL has a user or password in it: give them as basic_auth.")
            }
            url.clear(CURLUPART_USER)
            url.clear(CURLUPART_PASSWORD)
        }
        url.clear(CURLUPART_FRAGMENT)
        guard let scheme = url.get(CURLUPART_SCHEME), scheme == "http" || scheme == "https" else {
            throw InvalidInput("The URL \(text.quotedForMessage) is not an http or https one.")
        }
        guard let port = url.get(CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)).flatMap(UInt16.init), port > 0 else {
            throw InvalidInput("The URL \(text.quotedForMessage) has a port that is not from 1 to 65535.")
        }
        let host = try Self.host(of: url)
        if case .name(let name) = host { try url.set(CURLUPART_HOST, name, in: text) }
        guard let whole = url.get(CURLUPART_URL) else {
            throw InvalidInput("The URL \(text.quotedForMessage) is not one.")
        }
        self.text = whole
        origin = Origin(isSecure: scheme == "https", host: host, port: port)
    }

    static func host(of url: CurlURL) throws(InvalidInput) -> Host {
        let name = url.get(CURLUPART_HOST) ?? ""
        guard let zone = url.get(CURLUPART_ZONEID), name.hasSuffix("]") else { return try Host(name) }
        return try Host(name.dropLast() + "%" + zone + "]")
    }
}

/// Owns a CURLU.
final class CurlURL {
    private let handle: OpaquePointer

    init?() {
        guard let handle = curl_url() else { return nil }
        self.handle = handle
    }

    deinit { curl_url_cleanup(handle) }

    /// `whole` is what an error sentence quotes. Bytes that a URL must not hold as they are get percent-encoded.
    func set(_ part: CURLUPart, _ text: String, in whole: String) throws(InvalidInput) {
        let flags = part == CURLUPART_URL ? UInt32(CURLU_URLENCODE) : 0
        let status = curl_url_set(handle, part, text, flags)
        guard status != CURLUE_OK else { return }
        if status == CURLUE_UNSUPPORTED_SCHEME {
            throw InvalidInput("The URL \(whole.quotedForMessage) is not an http or https one.")
        }
        let reason = String(cString: curl_url_strerror(status))
        throw InvalidInput("The URL \(whole.quotedForMessage) cannot be read: \(reason).")
    }

    /// Any scheme goes. False where libcurl does not read it.
    func read(proxy text: String) -> Bool {
        curl_url_set(handle, CURLUPART_URL, text, UInt32(CURLU_NON_SUPPORT_SCHEME)) == CURLUE_OK
    }

    func clear(_ part: CURLUPart) { curl_url_set(handle, part, nil, 0) }

    func get(_ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
