/// nginx in front of a backend, as they are deployed: it speaks TLS, wants a client certificate, and hands WebSockets on.
public final class NginxIngress: Sendable {
    private let server: LoopbackServer

    public var url: String { "https://127.0.0.1:\(server.ports[0])" }

    /// - Parameters:
    ///   - backend: port of a plain backend on 127.0.0.1.
    ///   - clientAuthority: a PEM file; others' certificates are answered with HTTP 400.
    public init(to backend: Int, certificate: CertificateFiles, clientAuthority: String) async throws {
        server = try await LoopbackServer.start(ports: 1) { folder, ports in
            // A single process, because the parent-death signal reaches no workers.
            let configuration = """
                daemon off;
                master_process off;
                pid \(folder.path)/nginx.pid;
                events { worker_connections 256; }
                http {
                    access_log off;
                    client_body_temp_path \(folder.path)/body;
                    proxy_temp_path \(folder.path)/proxy;
                    fastcgi_temp_path \(folder.path)/fastcgi;
                    uwsgi_temp_path \(folder.path)/uwsgi;
                    scgi_temp_path \(folder.path)/scgi;
                    server {
                        listen 127.0.0.1:\(ports[0]) ssl;
                        ssl_certificate \(certificate.chain);
                        ssl_certificate_key \(certificate.key);
                        ssl_client_certificate \(clientAuthority);
                        ssl_verify_client on;
                        location / {
                            proxy_pass http://127.0.0.1:\(backend);
                            proxy_http_version 1.1;
                            proxy_set_header Upgrade $http_upgrade;
                            proxy_set_header Connection upgrade;
                        }
                    }
                }
                """
            let file = try folder.write(configuration, to: "nginx.conf")
            let log = folder.file("error.log")
            return LoopbackServer.Launch(
                executable: "/usr/sbin/nginx", arguments: ["-p", folder.path, "-c", file, "-e", log], log: log)
        }
    }

    public func stop() async { await server.stop() }
}
