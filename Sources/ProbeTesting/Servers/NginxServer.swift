import Foundation

/// nginx on loopback, plain and with TLS, HTTP/1.1 and 2. What it serves:
///
///     /  /healthz  /style.css       small files
///     /large                        4 MiB of letters;  /slow  the same at 16 KiB/s
///     /gzip                         64 KiB of text, compressed for who accepts it
///     /status/CODE                  200 204 301 400 401 403 404 418 429 500 502 503 504
///     /redirect/N                   a chain of N, to 20;  /redirect-loop  /redirect-to?url=URL
///     /redirect-301 -303 -307 -308  one hop to /method
///     /method                       the request's method;  /seen  its X-Test header and protocol
///     /bad-gateway                  a proxied server that is not there
public final class NginxServer: Sendable {
    public let httpPort: Int
    private let httpsPorts: [CertificateFiles: Int]
    private let server: LoopbackServer

    /// - Parameters:
    ///   - certificates: one TLS port for each.
    ///   - protocols: as nginx's `ssl_protocols`; Debian's OpenSSL refuses below TLSv1.2.
    public init(certificates: [CertificateFiles] = [], protocols: String = "TLSv1.2 TLSv1.3") async throws {
        let server = try await LoopbackServer.start(ports: 1 + certificates.count) { folder, ports in
            try Self.writeContent(folder)
            let listeners = zip(certificates, ports.dropFirst()).map { certificate, port in
                Self.block(listen: port, tls: certificate, protocols: protocols)
            }
            let blocks = [Self.block(listen: ports[0], tls: nil, protocols: protocols)] + listeners
            let configuration = Self.configuration(folder, servers: blocks)
            let file = try folder.write(configuration, to: "nginx.conf")
            let log = folder.file("error.log")
            return LoopbackServer.Launch(
                executable: "/usr/sbin/nginx", arguments: ["-p", folder.path, "-c", file, "-e", log], log: log)
        }
        self.server = server
        httpPort = server.ports[0]
        httpsPorts = Dictionary(uniqueKeysWithValues: zip(certificates, server.ports.dropFirst()))
    }

    public func httpsPort(_ certificate: CertificateFiles) -> Int { httpsPorts[certificate] ?? 0 }

    public func url(_ path: String = "/") -> String { "http://127.0.0.1:\(httpPort)\(path)" }

    public func url(_ path: String = "/", host: String = "127.0.0.1", tls certificate: CertificateFiles) -> String {
        "https://\(host):\(httpsPort(certificate))\(path)"
    }

    /// One line a request: method, URI, protocol, TLS version or "-", status.
    public var accessLog: [String] {
        let text = (try? String(contentsOfFile: server.folder.file("access.log"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    public func stop() async { await server.stop() }

    private static func writeContent(_ folder: TemporaryFolder) throws {
        try folder.write("hello\n", to: "www/index.html")
        try folder.write("ok\n", to: "www/healthz")
        try folder.write("body { color: black }\n", to: "www/style.css")
        try folder.write(String(repeating: "abcdefgh", count: 512 << 10), to: "www/large")
        try folder.write(String(repeating: "all work and no play ", count: 3_121), to: "www/gzip")
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("www/slow"), withDestinationPath: folder.file("www/large"))
    }

    private static func configuration(_ folder: TemporaryFolder, servers: [String]) -> String {
        // A single process, because the parent-death signal reaches no workers.
        """
        daemon off;
        master_process off;
        pid \(folder.path)/nginx.pid;
        worker_rlimit_nofile 16384;
        events { worker_connections 8192; multi_accept on; }
        http {
            types { text/html html; text/css css; }
            default_type text/plain;
            log_format short '$request_method $request_uri $server_protocol $ssl_protocol- $status';
            access_log \(folder.path)/access.log short;
            client_body_temp_path \(folder.path)/body;
            proxy_temp_path \(folder.path)/proxy;
            fastcgi_temp_path \(folder.path)/fastcgi;
            uwsgi_temp_path \(folder.path)/uwsgi;
            scgi_temp_path \(folder.path)/scgi;
            root \(folder.path)/www;
            gzip_types text/plain;
            gzip_min_length 1;
            keepalive_requests 100000;
        \(servers.joined(separator: "\n"))
        }
        """
    }

    private static func block(listen port: Int, tls: CertificateFiles?, protocols: String) -> String {
        let flags = tls == nil ? "backlog=4096" : "ssl http2 backlog=4096"
        let secure = tls.map {
            "ssl_certificate \($0.chain); ssl_certificate_key \($0.key); ssl_protocols \(protocols);"
        }
        return """
                server {
                    listen 127.0.0.1:\(port) \(flags);
                    listen [::1]:\(port) \(flags);
                    \(secure ?? "")
                    absolute_redirect off;
                    location = /gzip { gzip on; }
                    location = /slow { limit_rate 16k; }
                    location = /method { return 200 "$request_method\\n"; }
                    location = /seen { return 200 "$http_x_test $server_protocol\\n"; }
                    location = /redirect-loop { return 302 /redirect-loop; }
                    location = /redirect-to { return 302 $arg_url; }
                    location = /redirect/0 { return 200 "arrived\\n"; }
                    location = /bad-gateway { proxy_pass http://127.0.0.1:1; }
            \(generatedLocations)
                }
            """
    }

    private static let generatedLocations: String = {
        let statuses = [200, 204, 400, 401, 403, 404, 418, 429, 500, 502, 503, 504].map {
            "location = /status/\($0) { return \($0) \"status \($0)\\n\"; }"
        }
        let chain = (1...20).map { "location = /redirect/\($0) { return 302 /redirect/\($0 - 1); }" }
        let codes = [301, 303, 307, 308].map { "location = /redirect-\($0) { return \($0) /method; }" }
        return (statuses + ["location = /status/301 { return 301 /; }"] + chain + codes).joined(separator: "\n")
    }()
}
