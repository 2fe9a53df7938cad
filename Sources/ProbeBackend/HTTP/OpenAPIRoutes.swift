import Hummingbird

/// `/api/v1/openapi.json`, for everybody.
struct OpenAPIRoutes: Sendable {
    func add(to group: RouterGroup<some RequestContext>) {
        let document = Array(OpenAPIDocument.text.utf8)
        group.get("openapi.json") { _, _ in Response.json(document) }
    }
}
