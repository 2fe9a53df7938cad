import CCurl
import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// One request and its answer over a connection of its own: an easy handle and what its callbacks saw.
final class CurlTransfer {
    struct Options {
        var version: HTTPParameters.Version?
        var isCompressed: Bool
        var bodyLimit: Int
        /// Bytes.
        var bodyKept: Int
        /// A failed verification ends the handshake.
        var enforcesVerification: Bool
        /// Nil for a URL without TLS.
        var verifier: CertificateVerifier?
        /// Nil but for a proxy that is spoken to over TLS.
        var proxyVerifier: CertificateVerifier?
    }

    /// Opens the socket; set by who knows the gate.
    typealias Opener = () throws(ProbeFailure) -> FileDescriptor
    static let socketType = PROBE_SOCK_STREAM
    /// Milliseconds; libcurl takes an int. A job lasts 600 s at most.
    static let connectTimeout = 3_600_000

    let request: HTTPRequest
    let route: HTTPRoute
    let easy: CurlEasy
    let time: any TimeSource
    let opener: Opener
    let options: Options

    var stamps: TransferStamps
    var head = ResponseHead()
    var body: ResponseBody
    let handshake = TLSHandshake()
    /// Nil until the proxy's handshake begins, and without one.
    var proxyHandshake: TLSHandshake?
    /// Taken when the socket is about to be closed.
    var tcp: TCPInfo?
    /// Of the request's body, taken by libcurl so far.
    var uploaded = 0
    var socket: curl_socket_t?
    /// Why the gate opened no socket.
    var refusal: ProbeFailure?
    var headIsTooLarge = false

    /// The suspended task.
    var waiter: WaitToken?
    private(set) var result: CURLcode?

    /// What runs it; nil for a handle of the transfer's own.
    private let multi: CurlMulti?

    /// Nil without memory, or when libcurl refuses an option.
    init?(
        _ request: HTTPRequest, along route: HTTPRoute, _ options: Options, on multi: CurlMulti? = nil,
        time: any TimeSource, opener: @escaping Opener
    ) {
        guard let easy = multi?.idleEasy() ?? CurlEasy() else { return nil }
        self.multi = multi
        self.request = request
        self.route = route
        self.options = options
        self.easy = easy
        self.time = time
        self.opener = opener
        stamps = TransferStamps(started: time.now)
        body = ResponseBody(limit: options.bodyLimit, keeping: options.bodyKept)
        setConnection()
        if let proxy = route.proxy { setProxy(proxy) }
        setRequest()
        setCallbacks()
        if easy.refusal != nil { return nil }
    }

    deinit {
        // One that failed may remember why (CURLINFO_OS_ERRNO), which a reset leaves.
        if result == CURLE_OK, easy.integer(CURLINFO_OS_ERRNO) == 0 { multi?.keep(easy) }
    }

    /// From the close callback.
    func closes(_ socket: curl_socket_t) { multi?.closes(socket) }

    func end(_ result: CURLcode, at instant: Instant) {
        self.result = result
        stamps.ended = instant
    }

    /// libcurl waits for something to read, so the connection is up.
    func listens() {
        if stamps.listening == nil { stamps.listening = time.now }
    }

    /// Where it is, by what has been stamped.
    var stage: Stage {
        if head.isComplete { return .body }
        if stamps.firstByte != nil || requestIsSent { return .response }
        if stamps.ready != nil { return .request }
        return stamps.connected != nil ? .tls : .connect
    }

    /// libcurl stamps "pretransfer" when the request's head has gone out.
    private var requestIsSent: Bool {
        stamps.ready != nil && easy.offset(CURLINFO_PRETRANSFER_TIME_T) > 0 && uploaded >= request.body?.count ?? 0
    }

    var phases: HTTPPhases {
        var stamps = stamps
        // libcurl makes an SSL_CTX before it calls us; it noted the moment itself, from a start of its own.
        let span = easy.time(CURLINFO_CONNECT_TIME_T) - easy.time(CURLINFO_NAMELOOKUP_TIME_T)
        if route.proxy != nil { stamps.tunnelled = stamps.connected }
        if span > .zero {
            stamps.connected = min(stamps.connected ?? .distantFuture, stamps.started + span)
        } else if route.proxy != nil {
            // libcurl tells only when the proxy has let it through.
            stamps.connected = stamps.listening
        }
        if let ready = stamps.ready, requestIsSent {
            let since = max(easy.time(CURLINFO_CONNECT_TIME_T), easy.time(CURLINFO_APPCONNECT_TIME_T))
            let head = ready + max(.zero, easy.time(CURLINFO_PRETRANSFER_TIME_T) - since)
            let latest = stamps.firstByte ?? stamps.ended ?? .distantFuture
            stamps.sent = min(max(head, stamps.sent ?? head), latest)
        }
        return stamps.phases(
            isSecure: request.url.isSecure, usesProxy: route.proxy != nil, verify: handshake.verdict?.duration)
    }

    /// `1.0`, `1.1` or `2`; nil before there is an answer.
    var httpVersion: String? {
        switch easy.integer(CURLINFO_HTTP_VERSION) {
        case Int(CURL_HTTP_VERSION_1_0): "1.0"
        case Int(CURL_HTTP_VERSION_1_1): "1.1"
        case Int(CURL_HTTP_VERSION_2_0): "2"
        default: nil
        }
    }

    // MARK: Options

    private func setConnection() {
        easy.set(CURLOPT_URL, request.url.text)
        easy.set(CURLOPT_PROTOCOLS_STR, "http,https")
        easy.set(CURLOPT_PROXY, "")
        // The URL's own name goes into SNI and Host; the connection goes to the address that policy has seen.
        if let target = route.target, !(route.proxy == nil && request.url.names(target)) {
            easy.set(CURLOPT_CONNECT_TO, list: ["::\(target.address.literal):\(target.port)"])
        }
        easy.set(CURLOPT_DNS_CACHE_TIMEOUT, 0)
        easy.set(CURLOPT_FRESH_CONNECT, true)
        easy.set(CURLOPT_FORBID_REUSE, true)
        easy.set(CURLOPT_NOSIGNAL, true)
        // The job's deadline is the only one. libcurl's own, 300 s, would end a longer job early, and 0 means just that.
        easy.set(CURLOPT_CONNECTTIMEOUT_MS, Self.connectTimeout)
        // Sessions are not resumed: each job measures a whole handshake.
        easy.set(CURLOPT_SSL_SESSIONID_CACHE, false)
        // Our own callback verifies; libcurl would parse the bundle for each connection.
        easy.set(CURLOPT_CAINFO, nil)
        easy.set(CURLOPT_CAPATH, nil)
        easy.set(CURLOPT_SSL_VERIFYPEER, true)
        easy.set(CURLOPT_SSL_VERIFYHOST, 0)
        easy.set(CURLOPT_SSLVERSION, PROBE_CURL_TLS_1_2)
    }

    private func setProxy(_ proxy: HTTPProxy) {
        var isNamed = proxy.kind == .https
        if case .address = proxy.host { isNamed = false }
        // libcurl is given the address, so that it looks nothing up. Over TLS it must know the name, for SNI.
        let host = isNamed ? "\(proxy.host)" : route.connect.address.literal
        easy.set(CURLOPT_PROXY, "\(proxy.kind)://\(host):\(proxy.port)")
        if isNamed {
            easy.set(CURLOPT_RESOLVE, list: ["+\(proxy.host):\(proxy.port):\(route.connect.address.literal)"])
            // With 0 the entry would be stale before it is used.
            easy.set(CURLOPT_DNS_CACHE_TIMEOUT, 60)
        }
        easy.set(CURLOPT_PROXYUSERNAME, proxy.username)
        easy.set(CURLOPT_PROXYPASSWORD, proxy.password)
        easy.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, true)
        easy.set(CURLOPT_PROXY_CAINFO, nil)
        easy.set(CURLOPT_PROXY_CAPATH, nil)
        easy.set(CURLOPT_PROXY_SSL_VERIFYPEER, true)
        easy.set(CURLOPT_PROXY_SSL_VERIFYHOST, 0)
        easy.set(CURLOPT_PROXY_SSLVERSION, PROBE_CURL_TLS_1_2)
    }

    private func setRequest() {
        easy.set(CURLOPT_HTTP_VERSION, httpVersionOption(options.version))
        easy.set(CURLOPT_USERAGENT, "probe-agent")
        if options.isCompressed { easy.set(CURLOPT_ACCEPT_ENCODING, "") }
        if let body = request.body ?? (request.method.alwaysHasLength ? [] : nil) {
            easy.set(CURLOPT_POST, true)
            easy.set(CURLOPT_POSTFIELDSIZE_LARGE, offset: body.count)
        }
        if request.method == .head { easy.set(CURLOPT_NOBODY, true) }
        easy.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        easy.set(CURLOPT_HTTPHEADER, list: headerLines)
    }

    private func httpVersionOption(_ version: HTTPParameters.Version?) -> Int {
        switch version {
        case .http1: PROBE_CURL_HTTP_1_1
        case .http2: request.url.isSecure ? PROBE_CURL_HTTP_2_OVER_TLS : PROBE_CURL_HTTP_2_ALWAYS
        case nil: request.url.isSecure ? PROBE_CURL_HTTP_2_OVER_TLS : PROBE_CURL_HTTP_1_1
        }
    }

    /// "Name;" is libcurl's way to send an empty value, "Name:" its way to leave out a field that it would add: it would
    /// wait up to a second for "100 Continue", and call any body a web form.
    private var headerLines: [String] {
        var lines = request.fields.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        guard request.body != nil || request.method.alwaysHasLength else { return lines }
        for name in ["Expect", "Content-Type"] where !request.fields.contains(where: { $0.isNamed(name.lowercased()) })
        {
            lines.append("\(name):")
        }
        return lines
    }
}
