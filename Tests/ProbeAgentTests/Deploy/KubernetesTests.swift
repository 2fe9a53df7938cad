import Foundation
import ProbeAgent
import ProbeTesting
import Testing

/// The chart, rendered as helm does it, against Kubernetes' own schemas and against what docs/kubernetes.md promises.
@Suite(.timeLimit(.minutes(10)), .enabled("Go or kubernetes-validate cannot be had") { await Chart.isAvailable })
struct KubernetesTests {
    @Test(arguments: ["node-raw", "node-restricted", "backend", "watched"])
    func whatTheChartMakesFitsTheSchemas(values: String) async throws {
        let documents = try await Chart.checked(Chart.render(values: values))
        #expect(!documents.isEmpty)
        #expect(documents.allSatisfy { $0["metadata"]?["namespace"]?.string == "probeops" })
    }

    @Test(arguments: [
        ("runAsUser: 0", "runAsUsr: 0"), ("containers:", "container:"),
        ("failureThreshold: 60", "failureThreshold: many"),
    ])
    func aBadManifestIsRefused(good: String, bad: String) async throws {
        let text = try await Chart.render(values: "node-raw")
        try #require(text.contains(good))
        let result = try await Chart.check(text.replacingOccurrences(of: good, with: bad))
        #expect(result.status == .code(1))
        #expect(result.errors.contains("DaemonSet/probeops-node"), "\(result.errors)")
    }

    @Test(arguments: [
        ("node: {backendURL: ''}", "node.backendURL must be set"),
        ("node: {variant: root}", "node.variant must be raw or restricted, not root"),
        ("node: {variant: restricted, hostNetwork: true}", "node.hostNetwork needs node.variant raw"),
    ])
    func valuesThatDoNotFitAreRefused(values: String, complaint: String) async throws {
        let folder = try TemporaryFolder("chart")
        let result = try await Chart.run([Chart.values("node-raw"), folder.write(values, to: "values.yaml")])
        #expect(result.status == .code(1))
        #expect(result.output.isEmpty)
        #expect(result.errors.contains(complaint), "\(result.errors)")
    }

    @Test func thePlainManifestsAreWhatTheChartMakes() async throws {
        let folder = try TemporaryFolder("manifests")
        try await Oracle.check(
            "env",
            ["MANIFESTS_FOLDER=\(folder.path)", DeployScript.repository + "/scripts/manifests.sh", Chart.renderer])
        for name in ["node-raw", "node-restricted", "backend"] {
            let made = try String(contentsOfFile: folder.file("\(name).yaml"), encoding: .utf8)
            let kept = try String(contentsOfFile: Chart.folder + "/../plain/\(name).yaml", encoding: .utf8)
            #expect(made == kept, "make manifests")
        }
    }

    @Test func aRawNodeIsRootWithOneCapability() async throws {
        let pod = try await Self.pod("node-raw")
        let security = try #require(pod["containers"]?[0]?["securityContext"])
        #expect(security["runAsUser"]?.int == 0)
        #expect(security["capabilities"]?["drop"] == .array([.string("ALL")]))
        #expect(security["capabilities"]?["add"] == .array([.string("NET_RAW")]))
        #expect(security["allowPrivilegeEscalation"]?.bool == false)
        #expect(security["readOnlyRootFilesystem"]?.bool == true)
    }

    @Test func aRestrictedNodeHasNoPrivilegeAndPingsByDatagrams() async throws {
        let pod = try await Self.pod("node-restricted")
        let security = try #require(pod["containers"]?[0]?["securityContext"])
        #expect(pod["securityContext"]?["runAsNonRoot"]?.bool == true)
        #expect(security["runAsUser"] == nil)
        #expect(security["capabilities"]?["add"] == nil)
        #expect(pod["securityContext"]?["sysctls"]?[0]?["name"]?.string == "net.ipv4.ping_group_range")
        // Its group is in the range.
        let group = try #require(pod["securityContext"]?["runAsGroup"]?.int)
        #expect(pod["securityContext"]?["sysctls"]?[0]?["value"]?.string == "\(group) \(group)")
    }

    /// Liveness must not ask for the backend: a node that holds results would be restarted for its absence.
    @Test(arguments: ["node-raw", "node-restricted"])
    func anAbsentBackendRestartsNothing(values: String) async throws {
        let container = try #require(try await Self.pod(values)["containers"]?[0])
        func command(_ probe: String) -> [String?]? { container[probe]?["exec"]?["command"]?.array?.map(\.string) }
        #expect(command("livenessProbe") == ["probe-agent", "status", "--live"])
        #expect(command("startupProbe") == ["probe-agent", "status", "--live"])
        #expect(command("readinessProbe") == ["probe-agent", "status", "--ready"])
    }

    /// The state belongs to the machine, and to whom the node runs as.
    @Test(arguments: [("node-raw", "0:0"), ("node-restricted", "65532:65532")])
    func theStateOutlivesThePod(values: String, owner: String) async throws {
        let pod = try await Self.pod(values)
        #expect(pod["volumes"]?[0]?["hostPath"]?["path"]?.string == "/var/lib/probeops")
        #expect(pod["initContainers"]?[0]?["command"]?[2]?.string?.hasPrefix("chown -R \(owner) ") == true)
        let token = pod["containers"]?[0]?["env"]?.array?.first {
            $0["name"]?.string == "PROBEOPS_REGISTRATION_TOKEN"
        }
        #expect(token?["valueFrom"]?["secretKeyRef"]?["optional"]?.bool == true)
    }

    /// Every variable that the chart sets is a setting of the node.
    @Test func theNodesVariablesExist() async throws {
        let known = Setting.all.compactMap(\.variable)
        for values in ["node-raw", "watched"] {
            let names = try await Self.pod(values)["containers"]?[0]?["env"]?.array?.compactMap { $0["name"]?.string }
            for name in try #require(names) { #expect(known.contains(name), "\(name)") }
        }
    }

    /// Prometheus connects to a pod's address, and the certificate has the name by which nodes call the Service.
    @Test func prometheusExpectsTheServicesName() async throws {
        let documents = try await Chart.checked(Chart.render(values: "watched"))
        let monitor = documents.first {
            $0["kind"]?.string == "ServiceMonitor" && $0["metadata"]?["name"]?.string == "probeops-backend"
        }
        let endpoint = try #require(monitor?["spec"]?["endpoints"]?[0])
        #expect(endpoint["scheme"]?.string == "https")
        #expect(endpoint["tlsConfig"]?["serverName"]?.string == "probeops-backend.probeops.svc")
        #expect(endpoint["tlsConfig"]?["ca"]?["secret"]?["name"]?.string == "probeops-ca")
    }

    @Test func theChartIsOfThisVersion() throws {
        let text = try String(contentsOfFile: Chart.folder + "/Chart.yaml", encoding: .utf8)
        #expect(text.contains("appVersion: \"\(Version.current)\"\n"))
    }

    private static func pod(_ values: String) async throws -> JSONValue {
        let documents = try await Chart.checked(Chart.render(values: values))
        let set = documents.first { $0["kind"]?.string == "DaemonSet" }
        return try #require(set?["spec"]?["template"]?["spec"])
    }
}

/// The chart and the two tools that it is checked with, made ready once beside the build's products.
private enum Chart {
    static let folder = DeployScript.repository + "/deploy/kubernetes/chart"
    static let renderer = Places.product("render-chart")
    private static let schemas = Places.product("kubernetes-validate")
    private static let package = "kubernetes-validate==1.37.0"

    static var isAvailable: Bool { get async { await ready.value } }

    private static let ready = Task {
        // Debian's packages of Go libraries lie in a GOPATH.
        let build =
            "GO111MODULE=off GOPATH=/usr/share/gocode go build -o '\(renderer)' '\(Places.testFile("Peers/helm/render.go"))'"
        let install =
            "test -d '\(schemas)/kubernetes_validate' || python3 -m pip install -q --target '\(schemas)' '\(package)'"
        return (try? await Oracle.run("sh", ["-c", "\(build) && (\(install))"], within: .seconds(400)).isSuccess)
            == true
    }

    static func values(_ name: String) -> String { folder + "/../values/\(name).yaml" }

    static func run(_ files: [String]) async throws -> Oracle.Result {
        try await Oracle.run(renderer, [folder, "probeops", "probeops"] + files)
    }

    static func render(values name: String) async throws -> String {
        try await Oracle.check(renderer, [folder, "probeops", "probeops", values(name)])
    }

    static func check(_ manifests: String) async throws -> Oracle.Result {
        let folder = try TemporaryFolder("manifests")
        return try await Oracle.run(
            "env",
            [
                "PYTHONPATH=\(schemas)", "python3", Places.testFile("Peers/kubernetes_check.py"),
                Places.testFile("testdata/kubernetes"), folder.write(manifests, to: "manifests.yaml"),
            ])
    }

    /// The documents of manifests that are right.
    static func checked(_ manifests: String) async throws -> [JSONValue] {
        let result = try await check(manifests)
        try #require(result.isSuccess, "\(result.errors)")
        return try result.lines.map { try JSONValue(parsing: $0) }
    }
}
