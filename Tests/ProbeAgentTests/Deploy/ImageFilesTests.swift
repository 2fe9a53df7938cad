import Foundation
import ProbeTesting
import Testing
import Yams

/// What the Dockerfile and the Compose files promise (docs/docker.md). `make image-test` builds and runs them.
@Suite struct ImageFilesTests {
    private typealias Mapping = [String: Any]

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: DeployScript.repository + "/" + name, encoding: .utf8)
    }

    private func services(_ name: String) throws -> [String: Mapping] {
        let file = try #require(try Yams.load(yaml: text(name)) as? Mapping)
        // docker-compose 1.29 reads a file without a version by the Compose specification, and Compose v2 warns of one.
        #expect(file["version"] == nil)
        return try #require(file["services"] as? [String: Mapping])
    }

    // MARK: The image

    @Test func stagesAreNamedAndTheNodeIsTheDefault() throws {
        let stages = try text("Dockerfile").matches(of: #/(?m)^FROM (\S+)(?: AS (\S+))?$/#)
        #expect(
            stages.map { $0.2.map(String.init) ?? "" }
                == ["build", "build-node", "runtime", "node", "build-backend", "backend", ""])
        #expect(
            stages.map { String($0.1) }.filter { $0.contains(":") } == ["swift:6.3-bookworm", "debian:bookworm-slim"])
        #expect(stages.last?.1 == "node")
    }

    @Test func theImageIsLeastPrivilege() throws {
        let dockerfile = try text("Dockerfile")
        let node = try #require(
            dockerfile.split(separator: "FROM runtime AS node").last?.split(separator: "\nFROM ").first)
        #expect(dockerfile.contains("setcap cap_net_raw+p "))
        #expect(node.split(separator: "\n").filter { $0.hasPrefix("USER") }.last == "USER 65532:65532")
        #expect(node.contains(#"CMD ["probe-agent", "status", "--ready"]"#))
        #expect(node.contains(#"ENTRYPOINT ["probe-agent"]"#))
        #expect(node.contains("ENV PROBEOPS_STATE_DIR=/var/lib/probeops"))
        #expect(dockerfile.contains("VOLUME /var/lib/probeops") && dockerfile.contains("STOPSIGNAL SIGTERM"))
        #expect(!dockerfile.contains("--mount"), "the old builder knows no mounts")
    }

    /// What the Dockerfile copies is let into the build, and nothing that may hold a secret is.
    @Test func theBuildSeesWhatItNeedsAlone() throws {
        let ignored = try text(".dockerignore").split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
        #expect(ignored.first == "*")
        let allowed = ignored.dropFirst()
        #expect(allowed.allSatisfy { $0.hasPrefix("!") })
        for match in try text("Dockerfile").matches(of: #/(?m)^COPY (?!--from)(.+) \S+$/#) {
            for source in match.1.split(separator: " ") {
                let plain = source.replacing("resolve[d]", with: "resolved")
                #expect(
                    allowed.contains { plain == $0.dropFirst() || plain.hasPrefix($0.dropFirst() + "/") }, "\(plain)")
            }
        }
    }

    @Test func oneVersionEverywhere() async throws {
        let version = try await Oracle.check(DeployScript.repository + "/scripts/version.sh")
        #expect(try await Oracle.check(Places.product("probe-agent"), ["--version"]) == version)
        let script = try DeployScript()
        let set = try await Oracle.check(script.folder.file("scripts/version.sh"), ["2.0.0-rc.1"])
        #expect(set == "2.0.0-rc.1\n")
        #expect(try await Oracle.check(script.folder.file("scripts/version.sh")) == set)
        #expect(try await Oracle.run(script.folder.file("scripts/version.sh"), ["x/y"]).status == .code(64))
        try script.folder.write("", to: "Sources/ProbeBackend/BackendVersion.swift")
        #expect(try await Oracle.check(script.folder.file("scripts/version.sh")) == set)
        try script.folder.write(
            "enum V {\n    public static let current = \"1.0.0\"\n}\n", to: "Sources/ProbeBackend/BackendVersion.swift")
        #expect(try await Oracle.run(script.folder.file("scripts/version.sh")).errors.contains("do not agree"))
    }

    // MARK: Compose

    @Test(arguments: ["docker-compose.probe.yml", "docker-compose.yml"])
    func everyServiceIsConfined(file: String) throws {
        for (name, service) in try services(file) {
            #expect(service["read_only"] as? Bool == true, "\(name)")
            #expect(service["cap_drop"] as? [String] == ["ALL"], "\(name)")
            #expect(service["privileged"] == nil && service["cap_add"] as? [String] != ["ALL"], "\(name)")
            let logging = try #require(service["logging"] as? Mapping, "\(name)")
            #expect((logging["options"] as? Mapping)?["max-size"] as? String == "10m", "\(name)")
            // The node's capability comes by its file, which no-new-privileges would leave without effect.
            let confined = (service["security_opt"] as? [String])?.contains("no-new-privileges:true") == true
            #expect(confined == (name != "node"), "\(name)")
            if ["first-run", "token"].contains(name) {
                #expect(service["restart"] as? String == "no", "\(name)")
            } else {
                #expect(service["restart"] as? String == "unless-stopped", "\(name)")
                #expect(["20s", "60s"].contains(service["stop_grace_period"] as? String), "\(name)")
            }
        }
    }

    @Test(arguments: ["docker-compose.probe.yml", "docker-compose.yml"])
    func theNodeHasOneCapabilityAndItsState(file: String) throws {
        let node = try #require(try services(file)["node"])
        #expect(node["cap_add"] as? [String] == ["NET_RAW"])
        #expect((node["volumes"] as? [String])?.contains("state:/var/lib/probeops") == true)
        #expect((node["build"] as? Mapping)?["target"] as? String == "node")
        // The image's own, which asks for readiness.
        #expect(node["healthcheck"] == nil)
    }

    /// Compose v2 would ask Docker Hub for a default name before it builds.
    @Test(arguments: ["docker-compose.probe.yml", "docker-compose.yml"])
    func whatIsBuiltIsNeverPulled(file: String) throws {
        for (name, service) in try services(file) where service["build"] != nil {
            #expect(service["pull_policy"] as? String == "never", "\(name)")
        }
    }

    @Test func theComposedBackendHasTLSAndSecretsAsFiles() throws {
        let services = try services("docker-compose.yml")
        #expect(services.keys.sorted() == ["backend", "database", "first-run", "node", "token"])
        let backend = try #require(services["backend"]?["command"] as? [String])
        for flag in ["--tls-cert", "--tls-key", "--admin-token-file"] {
            let index = try #require(backend.firstIndex(of: flag))
            #expect(backend[index + 1].hasPrefix("/run/secrets/probeops/"))
        }
        let node = try #require(services["node"]?["environment"] as? [String: String])
        #expect(node["PROBEOPS_BACKEND_URL"] == "https://backend:8443")
        #expect(node["PROBEOPS_ALLOW_PLAINTEXT"] == nil)
        #expect(node["PROBEOPS_REGISTRATION_TOKEN_FILE"] == "/run/secrets/probeops/registration-token")
        #expect(services["first-run"]?["cap_add"] as? [String] == ["CHOWN"])
        for (name, service) in services where name != "node" {
            #expect(service["user"] as? String != "root", "\(name)")
        }
        #expect(
            try #require(services["backend"]?["ports"] as? [String]) == ["${PROBE_BACKEND_PORT:-127.0.0.1:8443}:8443"])
    }

    // MARK: The first run

    @Test func theFirstRunMakesSecretsAndTheNextKeepsThem() async throws {
        let folder = try TemporaryFolder("first-run")
        let script = DeployScript.repository + "/deploy/docker/first-run.sh"
        let first = try await Oracle.check(script, [folder.path])
        for part in ["a private authority", "DNS:backend,DNS:localhost,IP:127.0.0.1", "an admin token", "a password"] {
            #expect(first.contains(part), "\(first)")
        }
        let list = ["-c", "cd \"$1\" && find . -type f -printf '%p %m %T@ %s\\n' | sort", "list", folder.path]
        let made = try await Oracle.check("bash", list)
        for line in made.split(separator: "\n") where line.contains("key") || line.contains("token") {
            #expect(line.contains(" 400 "), "\(line)")
        }
        #expect(try await Oracle.check(script, [folder.path]) == "first run: everything is there\n")
        #expect(try await Oracle.check("bash", list) == made)
        try await Oracle.check(
            "openssl",
            [
                "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "backend", "-CAfile",
                folder.file("node/ca.pem"), folder.file("backend/tls.pem"),
            ])
        // Other names: another certificate by the same authority.
        let more = try await Oracle.check(
            "env", ["PROBE_BACKEND_NAMES=probes.example.com,192.0.2.1,2001:db8::1", script, folder.path])
        #expect(more.contains("DNS:probes.example.com,IP:192.0.2.1,IP:2001:db8::1"))
        for check in [["-verify_hostname", "probes.example.com"], ["-verify_ip", "2001:db8::1"]] {
            try await Oracle.check(
                "openssl", ["verify"] + check + ["-CAfile", folder.file("node/ca.pem"), folder.file("backend/tls.pem")])
        }
        let bad = try await Oracle.run("env", ["PROBE_BACKEND_NAMES=a_b;c", script, folder.path])
        #expect(bad.status == .code(78) && bad.errors.contains("neither a host name nor an address"))
    }

    private static let shellcheck = "/usr/bin/shellcheck"

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: shellcheck), "shellcheck is not installed"))
    func shellcheckFindsNothing() async throws {
        let scripts = ["deploy-probe.sh", "deploy/docker/first-run.sh", "scripts/version.sh", "scripts/image-test.sh"]
        try await Oracle.check(Self.shellcheck, scripts.map { DeployScript.repository + "/" + $0 })
    }
}
