import HTTPTypes
import Hummingbird

/// What load balancers and people ask first.
struct HealthRoutes: Sendable {
    private static let ok = Array(#"{"status":"ok"}"#.utf8)

    let store: SQLStore

    func add(to router: Router<some RequestContext>) {
        router.get("healthz") { _, _ in Response.json(Self.ok) }
        router.get("readyz") { _, _ in
            try await store.check()
            return Response.json(Self.ok)
        }
        // Reached only without a WebSocket handshake.
        router.get("ws/node") { _, _ -> Response in
            var response = Problem(
                status: .upgradeRequired, code: "upgrade_required",
                detail: "Nodes connect here with a WebSocket handshake (RFC 6455, version 13)."
            ).response()
            response.headers[.upgrade] = "websocket"
            return response
        }
    }
}
