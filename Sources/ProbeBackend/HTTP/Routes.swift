import HTTPTypes
import Hummingbird

/// Everything that the port answers but the nodes' WebSocket.
struct Routes: Sendable {
    let configuration: BackendConfiguration
    let jobs: JobService

    func router() -> Router<APIContext> {
        let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: MetricsMiddleware(metrics: jobs.metrics)).add(middleware: ProblemMiddleware())
        add(to: router)
        Self.addRefusals(to: router)
        return router
    }

    func add(to router: Router<APIContext>) {
        DashboardRoutes().add(to: router)
        HealthRoutes(store: jobs.store).add(to: router)
        RegistrationRoutes(
            store: jobs.store, clock: jobs.clock, heartbeatInterval: configuration.nodes.heartbeatInterval
        ).add(to: router)
        OpenAPIRoutes().add(to: router.group("api/v1"))
        addProtected(to: router)
    }

    /// What is asked in this order: is the key within its limits, whose is it, may they.
    private func addProtected(to router: Router<APIContext>) {
        let authenticator = Authenticator(store: jobs.store, clock: jobs.clock, adminToken: configuration.adminToken)
        let limits = RateLimitMiddleware(
            limiter: RateLimiter(clock: jobs.clock), limits: configuration.requests, authenticator: authenticator)
        let known = router.group().add(middleware: limits)
            .add(middleware: AuthenticationMiddleware(authenticator: authenticator))
        SessionRoutes(authenticator: authenticator, limits: limits, isSecure: configuration.tls != nil)
            .add(open: router.group("api/v1"), to: known.group("api/v1"))

        let measuring = known.group("api/v1").add(middleware: RoleMiddleware(writes: .operator))
        JobRoutes(service: jobs).add(to: measuring)
        MeasurementRoutes(service: jobs).add(to: measuring)
        ResultRoutes(store: jobs.store).add(to: measuring)
        ScheduleRoutes(store: jobs.store, clock: jobs.clock).add(to: measuring)
        EventRoutes(store: jobs.store, events: jobs.events, clock: jobs.clock).add(to: measuring)

        let administration = known.group("api/v1").add(middleware: RoleMiddleware(writes: .admin))
        TokenRoutes(store: jobs.store, clock: jobs.clock).add(to: administration)
        KeyRoutes(store: jobs.store, clock: jobs.clock).add(to: administration)
        NodeRoutes(jobs: jobs).add(to: administration)
        MetricsRoutes(metrics: jobs.metrics, store: jobs.store, hub: jobs.hub)
            .add(to: known.group().add(middleware: RoleMiddleware(writes: .admin)))
    }

    /// A known path answers methods that it does not have with 405 and tells which it has (RFC 9110 section 15.5.6).
    private static func addRefusals(to router: Router<APIContext>) {
        let usual: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options, .trace]
        let methods = usual + [HTTPRequest.Method("QUERY")].compactMap(\.self)
        for (path, routes) in Dictionary(grouping: router.routes, by: { "\($0.path)" }) {
            var known = routes.map(\.method)
            if known.contains(.get) { known.append(.head) }
            let allowed = methods.filter(known.contains)
            for method in methods where !known.contains(method) {
                router.on(RouterPath(path), method: method) { _, _ -> Response in
                    MethodNotAllowed(allowed: allowed).response()
                }
            }
        }
    }
}

/// Known path, unknown method.
private struct MethodNotAllowed {
    let allowed: [HTTPRequest.Method]

    func response() -> Response {
        let list = allowed.map(\.rawValue).joined(separator: ", ")
        var response = Problem(
            status: .methodNotAllowed, code: "method_not_allowed", detail: "This path knows \(list) alone."
        ).response()
        response.headers[.allow] = list
        return response
    }
}
