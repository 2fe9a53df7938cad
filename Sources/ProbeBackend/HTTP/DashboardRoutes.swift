import COpenSSL
import HTTPTypes
import Hummingbird
import ProbeDashboard

/// The dashboard: its page at `/`, everything else under `/assets/`.
///
/// The files are part of the program. They are asked for anew each time (`no-cache`) and answered by 304 as long as
/// they are the same.
struct DashboardRoutes: Sendable {
    /// Nothing from elsewhere, nothing inline, and no markup made of strings: what nodes and peers say stays text.
    static let securityPolicy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
        "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ].joined(separator: "; ")

    private static let page = "index.html"
    private static let contentTypes = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml",
        "js": "text/javascript; charset=utf-8",
    ]

    private struct Asset {
        let body: ByteBuffer
        let headers: HTTPFields
    }

    func add(to router: Router<some RequestContext>) {
        for (path, asset) in Self.assets() {
            let route = path == Self.page ? RouterPath("/") : RouterPath("assets/\(path)")
            router.get(route) { request, _ in Self.answer(request, asset) }
        }
    }

    private static func answer(_ request: Request, _ asset: Asset) -> Response {
        let isKnown = request.headers[.ifNoneMatch] == asset.headers[.eTag]
        return Response(
            status: isKnown ? .notModified : .ok, headers: asset.headers,
            body: isKnown ? ResponseBody() : ResponseBody(byteBuffer: asset.body))
    }

    private static func assets() -> [(path: String, Asset)] {
        var assets: [(String, Asset)] = []
        while let file = probe_dashboard_asset(assets.count)?.pointee {
            let path = String(cString: file.path)
            let bytes = UnsafeBufferPointer(start: file.bytes, count: file.length)
            let headers: HTTPFields = [
                .contentType: contentTypes[String(path.drop { $0 != "." }.dropFirst())] ?? "application/octet-stream",
                .eTag: "\"\(tag(of: bytes))\"", .cacheControl: "no-cache", .contentSecurityPolicy: securityPolicy,
                .xContentTypeOptions: "nosniff",
            ]
            assets.append((path, Asset(body: ByteBuffer(bytes: bytes), headers: headers)))
        }
        return assets
    }

    /// Half of the SHA-256: it tells versions of a file apart.
    private static func tag(of bytes: UnsafeBufferPointer<UInt8>) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        _ = EVP_Digest(bytes.baseAddress, bytes.count, &digest, nil, EVP_sha256(), nil)
        return Array(digest.prefix(16)).hexadecimal
    }
}
