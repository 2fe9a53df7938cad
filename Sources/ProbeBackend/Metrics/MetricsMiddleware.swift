import Hummingbird

/// Counts requests by route and status; outermost, so that it sees the answer as it goes out.
struct MetricsMiddleware: RouterMiddleware {
    private static let methods: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .patch, .delete, .options]

    let metrics: Metrics

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        metrics.request(
            Metrics.RequestKind(
                // Whatever else a client invents is one.
                method: Self.methods.contains(request.method) ? request.method.rawValue : "other",
                route: context.endpointPath ?? "none", status: response.status.code))
        return response
    }
}
