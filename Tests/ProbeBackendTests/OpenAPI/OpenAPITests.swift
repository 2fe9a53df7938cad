import Hummingbird
import Logging
import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct OpenAPITests {
    @Test func itIsServedToEverybody() async throws {
        try await TestBackend.with { backend in
            let answer = try await APIClient(url: backend.url).get("/api/v1/openapi.json")
            #expect(answer.status == 200)
            #expect(answer.contentType == "application/json")
            #expect(answer.body["openapi"] == "3.1.0")
        }
    }

    /// Every route is described, and nothing else is.
    @Test func itNamesTheRoutersRoutes() async throws {
        let document = try JSONValue(parsing: OpenAPIDocument.text)
        let methods: Set = ["get", "post", "put", "patch", "delete"]
        let described = try #require(document["paths"]?.object).flatMap { path, item in
            (item.object ?? [:]).keys.filter(methods.contains).map { "\($0) \(path)" }
        }
        let router = Router(context: APIContext.self)
        let folder = try TemporaryFolder("store")
        let jobs = JobService(
            store: try await SQLStore.open(folder.file("fleet.db")), hub: NodeHub(), waiters: JobWaiters(),
            progress: JobProgress(), events: EventHub(), metrics: Metrics(), clock: .system,
            logger: Logger(label: "test"))
        Routes(configuration: BackendConfiguration(adminToken: "token"), jobs: jobs).add(to: router)
        let routes = router.routes.map { "\($0.method.rawValue.lowercased()) \($0.path)" }
            // The dashboard's files are no API.
            .filter { $0 != "get /" && !$0.hasPrefix("get /assets/") }
        #expect(Set(described) == Set(routes))
        #expect(described.count == routes.count)
    }

    /// Every reference leads somewhere.
    @Test func itsReferencesHold() throws {
        let document = try JSONValue(parsing: OpenAPIDocument.text)
        var references: Set<String> = []
        Self.collect(document, into: &references)
        #expect(!references.isEmpty)
        for reference in references {
            let target = reference.split(separator: "/").dropFirst().reduce(Optional(document)) { $0?[String($1)] }
            #expect(target != nil, "\(reference)")
        }
    }

    private static func collect(_ value: JSONValue, into references: inout Set<String>) {
        if let reference = value["$ref"]?.string { references.insert(reference) }
        for member in value.object?.values.map(\.self) ?? value.array ?? [] { collect(member, into: &references) }
    }
}
