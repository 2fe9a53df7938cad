import Foundation
import ProbeTesting
import Testing

/// deploy-probe.sh with a stub `docker`: what it does, what it writes, what it refuses.
@Suite(.timeLimit(.minutes(5))) struct DeployScriptTests {
    private static let token = "pnrt_Zx81QqSecret"
    private static let start = ["--backend", "https://probes.example.com", "--token", token]

    private func expectEnd(_ result: Oracle.Result, _ code: Int32, _ sentence: String) {
        #expect(result.status == .code(code), "\(result)")
        #expect(result.errors.contains(sentence), "\(result.errors)")
    }

    // MARK: The way to an authenticated node

    @Test func buildsStartsAndWaits() async throws {
        let script = try DeployScript()
        let result = try await script.run(Self.start + ["--name", "edge-1", "--region=eu", "--verbose"])
        #expect(result.status == .code(0), "\(result)")
        #expect(result.output.contains("The node is authenticated and takes jobs"))
        #expect(
            script.calls() == [
                "docker compose build node", "docker compose up -d --no-build", "docker compose ps -q node",
                "docker exec c0ffee probe-agent status --ready", "docker exec c0ffee probe-agent status --ready",
            ])
        #expect(
            script.settings() == [
                "PROBEOPS_BACKEND_URL=https://probes.example.com", "PROBEOPS_REGISTRATION_TOKEN=\(Self.token)",
                "PROBEOPS_NODE_NAME=edge-1", "PROBEOPS_REGION=eu", "PROBEOPS_LOG_LEVEL=debug",
            ])
        let mode = try FileManager.default.attributesOfItem(atPath: script.envFile)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func aSecondRunKeepsWhatIsThere() async throws {
        let script = try DeployScript()
        try script.folder.write("SOMEBODY_ELSE=1\nPROBEOPS_NODE_NAME=old\n", to: ".env")
        #expect(try await script.run(Self.start).isSuccess)
        let settings = script.settings()
        #expect(settings.contains("SOMEBODY_ELSE=1") && settings.contains("PROBEOPS_NODE_NAME=old"))
        let file = try FileManager.default.attributesOfItem(atPath: script.envFile)[.systemFileNumber] as? Int
        let again = try await script.run([])
        #expect(again.isSuccess && again.output.contains("Settings are as they were"))
        #expect(script.settings() == settings)
        #expect(try FileManager.default.attributesOfItem(atPath: script.envFile)[.systemFileNumber] as? Int == file)
    }

    @Test func aGivenImageIsPulledAndNothingIsBuilt() async throws {
        var script = try DeployScript()
        let image = "registry.example.com/probe-agent:1.2.3"
        #expect(try await script.run(Self.start + ["--image", image]).isSuccess)
        #expect(Array(script.calls().prefix(2)) == ["docker pull -q \(image)", "docker compose up -d --no-build"])
        // One that is only on this machine does as well.
        script.environment["STUB_PULL"] = "1"
        #expect(try await script.run([]).output.contains("the one on this machine is used"))
        script.environment["STUB_IMAGE"] = "1"
        expectEnd(try await script.run([]), 1, "can be had neither from its registry nor on this machine")
    }

    @Test func theOldComposeServesToo() async throws {
        var script = try DeployScript(stubs: ["docker", "docker-compose"])
        script.environment["STUB_COMPOSE"] = "1"
        #expect(try await script.run(Self.start).isSuccess)
        #expect(script.calls().first == "docker-compose build node")
    }

    @Test func aDryRunChangesNothing() async throws {
        let script = try DeployScript()
        let result = try await script.run(Self.start + ["--dry-run"])
        #expect(result.isSuccess)
        #expect(result.output.contains("PROBEOPS_REGISTRATION_TOKEN=[secret]"))
        #expect(script.calls().isEmpty && !FileManager.default.fileExists(atPath: script.envFile))
    }

    // MARK: Which node it is

    @Test func aTokenReplacesUUIDAndKeyAndTheOtherWayRound() async throws {
        var script = try DeployScript()
        let key = try script.folder.write(" pnode_one \n", to: "key")
        let backend = ["--backend", "https://b.example"]
        #expect(try await script.run(backend + ["--uuid", "node-1", "--key-file", key]).isSuccess)
        let known = ["PROBEOPS_BACKEND_URL=https://b.example", "PROBEOPS_NODE_UUID=node-1"]
        #expect(script.settings() == known + ["PROBEOPS_API_KEY=pnode_one"])
        // A new key for the same node.
        script.environment = ["PROBEOPS_API_KEY": "pnode_two"]
        #expect(try await script.run([]).isSuccess)
        #expect(script.settings() == known + ["PROBEOPS_API_KEY=pnode_two"])
        script.environment = [:]
        expectEnd(try await script.run(["--uuid", "node-2"]), 78, "The key of the node is missing")
        // Another node with its key.
        script.environment = ["PROBEOPS_API_KEY": "pnode_three"]
        #expect(try await script.run(["--uuid", "node-2"]).isSuccess)
        #expect(script.settings() == [known[0], "PROBEOPS_NODE_UUID=node-2", "PROBEOPS_API_KEY=pnode_three"])
        script.environment = [:]
        #expect(try await script.run(["--token=\(Self.token)"]).isSuccess)
        #expect(script.settings() == [known[0], "PROBEOPS_REGISTRATION_TOKEN=\(Self.token)"])
        #expect(try await script.run(["--token", "eyJh.eyJO.c2ln"]).isSuccess)
        #expect(script.settings() == [known[0], "PROBEOPS_TOKEN=eyJh.eyJO.c2ln"])
        #expect(try await script.run(["--token", "-"], input: Self.token).isSuccess)
        #expect(script.settings().contains("PROBEOPS_REGISTRATION_TOKEN=\(Self.token)"))
    }

    @Test func aPrivateAuthorityIsMounted() async throws {
        let script = try DeployScript()
        let file = try script.folder.write("PEM", to: "ca.pem")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        expectEnd(try await script.run(Self.start + ["--ca-file", file]), 78, "that every user can read (chmod 644)")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        #expect(try await script.run(Self.start + ["--ca-file", file]).isSuccess)
        #expect(script.settings().contains("PROBEOPS_CA_FILE=/etc/probeops/ca.pem"))
        #expect(script.settings().contains("PROBE_CA_FILE=\(file)"))
        #expect(script.surroundings().contains("PROBE_CA_FILE=\(file)"))
    }

    @Test func asksForWhatIsMissing() async throws {
        let script = try DeployScript()
        let result = try await script.runOnTerminal([], typing: "https://b.example\n\nnode-7\npnode_typed_key")
        #expect(result.isSuccess, "\(result)")
        #expect(result.output.contains("Backend (https://...)"))
        #expect(!result.output.contains("Its API key: pnode_typed_key"))
        #expect(
            script.settings() == [
                "PROBEOPS_BACKEND_URL=https://b.example", "PROBEOPS_NODE_UUID=node-7",
                "PROBEOPS_API_KEY=pnode_typed_key",
            ])
    }

    // MARK: Secrets

    /// Neither on the way there nor in what is printed when all goes wrong, nor in a trace.
    @Test func aSecretIsSeenNowhere() async throws {
        var script = try DeployScript()
        script.environment = ["STUB_READY": "1", "STUB_LOG": "event=oops token=\(Self.token)"]
        var said = ""
        for options in [[], ["-x"]] {
            let result = try await script.run(Self.start + ["--timeout", "1"], bash: options)
            expectEnd(result, 1, "event=oops token=[secret]")
            said += result.output + result.errors
        }
        let key = "pnode_Vw61key"
        script.environment = ["STUB_READY": "1", "STUB_LOG": "event=oops key=\(key)", "SHELLOPTS": "xtrace"]
        script.environment.merge(["PROBEOPS_API_KEY": key, "PROBEOPS_NODE_UUID": "n"]) { $1 }
        let result = try await script.run(["--timeout", "1"])
        expectEnd(result, 1, "event=oops key=[secret]")
        #expect(script.settings().contains("PROBEOPS_API_KEY=\(key)"))
        // The stub's own variable beside.
        let seen = (said + result.output + result.errors + script.surroundings())
            .replacing(/STUB_LOG=.*/, with: "")
        #expect(!seen.contains(Self.token) && !seen.contains(key), "\(seen)")
        #expect(seen.contains("/deploy-probe.sh --backend"))
    }

    // MARK: What is refused

    @Test(arguments: [
        (["--backend", "probes.example.com"], 78, "PROBEOPS_BACKEND_URL: must be a URL"),
        (["--backend", "http://probes.example.com"], 78, "would send the key readable"),
        (["--backend", "https://u:p@b.example"], 78, "PROBEOPS_BACKEND_URL: must be a URL"),
        (["--backend", "https://b.example/$(id)"], 78, "must not hold spaces, quotes"),
        (["--token", "secret-of-some-kind"], 78, "neither a registration token (pnrt_...) nor a config token"),
        (["--token", "pnrt_a b"], 78, "PROBEOPS_REGISTRATION_TOKEN must not hold spaces"),
        (["--token", "pnrt_!"], 78, "PROBEOPS_REGISTRATION_TOKEN: must be a registration token"),
        (["--token", "a.b.c!"], 78, "PROBEOPS_TOKEN: must be a config token"),
        (["--token"], 64, "--token needs a value"),
        (["--name", "a b"], 78, "PROBEOPS_NODE_NAME must not hold spaces"),
        (["--region", String(repeating: "r", count: 256)], 78, "PROBEOPS_REGION: must have 1 to 255"),
        (["--image", "-x"], 78, "PROBE_IMAGE: must be the name of an image"),
        (["--network", "none"], 78, "PROBE_NETWORK: must be host or bridge"),
        (["--timeout", "soon"], 64, "is not a number of seconds"),
        (["--key", "k"], 64, "use --key-file"),
        (["--key-file", "/does/not/exist", "--uuid", "u"], 78, "cannot be read"),
        (["--uuid", "u", "--token", "pnrt_abcdef"], 64, "it excludes --uuid and --key-file"),
        (["--bogus"], 64, "There is no option"),
        (["--backend"], 64, "--backend needs a value"),
        (["--purge"], 64, "--purge belongs to --uninstall"),
    ])
    func aBadSettingIsOneSentence(arguments: [String], code: Int32, sentence: String) async throws {
        let script = try DeployScript()
        let most = ["--backend", "https://b.example", "--token", "pnrt_abcdef"]
        let isAlone = arguments.contains { ["--token", "--uuid"].contains($0) }
        let result = try await script.run((isAlone ? Array(most.prefix(2)) : most) + arguments)
        expectEnd(result, code, sentence)
        #expect(result.errors.split(separator: "\n").count == 1 && result.errors.hasPrefix("deploy-probe.sh: "))
        #expect(result.output.isEmpty && script.calls().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: script.envFile))
    }

    @Test func whatIsMissingIsSaid() async throws {
        var script = try DeployScript()
        expectEnd(try await script.run([]), 78, "No backend is set")
        expectEnd(try await script.run(["--backend", "https://b"]), 78, "Nothing says which node this is")
        expectEnd(
            try await script.run(["--backend", "https://b", "--uuid", "u"]), 78, "The key of the node is missing")
        script.environment["PROBEOPS_LOG_LEVEL"] = "loud"
        expectEnd(try await script.run(Self.start), 78, "PROBEOPS_LOG_LEVEL: must be one of")
        script.environment["PROBEOPS_LOG_LEVEL"] = nil
        #expect(try await script.run(["--backend", "http://127.0.0.1:8000", "--token", Self.token]).isSuccess)
        #expect(
            try await script.run(["--backend", "http://b.example", "--token", Self.token, "--allow-plaintext"])
                .isSuccess)
        try FileManager.default.removeItem(atPath: script.folder.file("docker-compose.probe.yml"))
        expectEnd(try await script.run(Self.start), 1, "docker-compose.probe.yml must lie beside this script")
    }

    // MARK: What does not work

    @Test(arguments: [
        (["STUB_INFO": "1"], [], "Docker does not answer this user"),
        (["STUB_BUILD": "1"], [], "The image could not be built"),
        (["STUB_UP": "1"], [], "The node could not be started"),
        (["STUB_CONTAINER": ""], [], "Compose started no container"),
        (["STUB_READY": "1"], ["--timeout", "1"], "The node is not authenticated after 1 s"),
        (["STUB_READY": "1", "STUB_STATE": "restarting 78 1"], [], "What the node was given cannot be used"),
        (["STUB_READY": "1", "STUB_STATE": "exited 77 0"], [], "What the node was given cannot be used"),
        (["STUB_READY": "1", "STUB_STATE": "restarting 1 4"], [], "does not stay up (restarting, exit code 1)"),
        (["STUB_READY": "1", "STUB_STATE": "exited 137 0"], [], "does not stay up (exited, exit code 137)"),
    ])
    func aFailureSaysWhatToDo(stub: [String: String], arguments: [String], sentence: String) async throws {
        var script = try DeployScript()
        script.environment = stub
        let result = try await script.run(Self.start + arguments)
        expectEnd(result, 1, sentence)
        if stub["STUB_READY"] != nil {
            #expect(result.errors.contains("last lines of the node's log\nevent=session.connecting"))
            #expect(result.errors.contains("To stop it: ./deploy-probe.sh --uninstall"))
        }
    }

    @Test(arguments: [
        ("b does not take the registration token (HTTP 401)", "Get a new one, and run this again with --token"),
        ("reason=The backend refused the authentication: no", "does not know this UUID with this key"),
        ("error_code=tls_unknown_authority", "give its file with --ca-file"),
        ("error_code=tls_expired", "check the URL's host name and this machine's clock"),
        ("exec format error", "The image is for another architecture"),
        ("error_code=resolve_failure", "\"docker exec probeops-node_node_1 probe-agent doctor\""),
    ])
    func theLogsWordsLeadToAdvice(log: String, advice: String) async throws {
        var script = try DeployScript()
        script.environment = ["STUB_READY": "1", "STUB_STATE": "exited 1 0", "STUB_LOG": log]
        expectEnd(try await script.run(Self.start), 1, advice)
    }

    // MARK: Docker itself

    @Test func offersWhatTheDistributionHas() async throws {
        let managers = [
            "apt-get": "apt-get install -y docker.io docker-compose",
            "dnf": "dnf install -y moby-engine docker-compose", "apk": "apk add docker docker-cli-compose",
        ]
        for (manager, command) in managers {
            let script = try DeployScript(stubs: [])
            try script.stub(manager, "exit 1")
            expectEnd(try await script.run(Self.start), 1, "Docker is missing. Install it with \"\(command)\"")
            expectEnd(try await script.run(Self.start + ["--dry-run"]), 1, "would offer: \(command)")
            let refused = try await script.runOnTerminal(
                ["--backend", "https://b", "--token", Self.token], typing: "n")
            #expect(refused.output.contains("was not wanted"))
            try script.stub("id", "echo 1000")
            expectEnd(
                try await script.run(Self.start + ["--yes"]), 1, "run \"sudo \(command)\", then this script again")
            try script.stub("id", "echo 0")
            expectEnd(try await script.run(Self.start + ["--yes"]), 1, "\"\(command)\" failed")
        }
        expectEnd(try await DeployScript(stubs: []).run(Self.start), 1, "does not know how to install it here")
    }

    /// A Docker that is there, perhaps not the distribution's, stays.
    @Test func offersComposeAloneWhereDockerIs() async throws {
        let managers = [
            "apt-get": "apt-get install -y --no-remove --no-install-recommends docker-compose-plugin",
            "dnf": "dnf install -y docker-compose", "apk": "apk add docker-cli-compose",
        ]
        for (manager, command) in managers {
            var script = try DeployScript()
            script.environment["STUB_COMPOSE"] = "1"
            try script.stub(manager, "exit 1")
            try script.stub("apt-cache", "echo \"Package: $2\"")
            expectEnd(try await script.run(Self.start), 1, "Compose is missing. Install it with \"\(command)\"")
        }
    }

    @Test func installsAndGoesOn() async throws {
        var script = try DeployScript(stubs: ["docker"])
        try script.stub("id", "echo 0")
        script.environment["STUB_COMPOSE"] = "1"
        try script.stub(
            "apt-get", "echo \"apt-get $*\" >>\"$STUB/calls\"; cp \"$STUB/bin/docker\" \"$STUB/bin/docker-compose\"")
        try script.stub("cp", "/bin/cp \"$@\"")
        let result = try await script.run(Self.start + ["--yes"])
        #expect(result.isSuccess, "\(result)")
        #expect(script.calls().contains("apt-get install -y --no-remove --no-install-recommends docker-compose"))
        #expect(script.calls().contains("docker-compose up -d --no-build"))
    }

    // MARK: The end

    @Test func uninstallKeepsAndPurgeRemoves() async throws {
        var script = try DeployScript()
        #expect(try await script.run(Self.start).isSuccess)
        let kept = try await script.run(["--uninstall"])
        #expect(kept.isSuccess && kept.output.contains("its identity and results are kept"))
        #expect(script.calls().last == "docker compose down")
        #expect(try await script.run(["--uninstall", "--purge", "--dry-run"]).output.contains("Would stop and remove"))
        #expect(FileManager.default.fileExists(atPath: script.envFile))
        script.environment["STUB_DOWN"] = "1"
        expectEnd(try await script.run(["--uninstall", "--purge"]), 1, "Compose could not remove the node")
        script.environment["STUB_DOWN"] = nil
        #expect(try await script.run(["--uninstall", "--purge"]).isSuccess)
        #expect(script.calls().last == "docker compose down --volumes")
        #expect(!FileManager.default.fileExists(atPath: script.envFile))
        // Again, with nothing there: Compose gets a file all the same, which is gone afterwards.
        script.environment["TMPDIR"] = script.folder.path
        #expect(try await script.run(["--uninstall"]).isSuccess)
        #expect(script.surroundings().contains("PROBE_ENV_FILE=\(script.folder.path)/tmp."))
        let left = try FileManager.default.contentsOfDirectory(atPath: script.folder.path)
        #expect(!left.contains { $0.hasPrefix("tmp.") })
        expectEnd(try await DeployScript(stubs: []).run(["--uninstall"]), 1, "Docker is not installed")
    }

    @Test func purgeLeavesTheLinesOfOthers() async throws {
        let script = try DeployScript()
        try script.folder.write("# ours\nPROBE_BACKEND_PORT=8443\n", to: ".env")
        #expect(try await script.run(Self.start).isSuccess)
        #expect(try await script.run(["--uninstall", "--purge"]).isSuccess)
        #expect(try String(contentsOfFile: script.envFile, encoding: .utf8) == "# ours\nPROBE_BACKEND_PORT=8443\n")
    }

    @Test func helpNamesEveryOption() async throws {
        let help = try await DeployScript(stubs: []).run(["--help"])
        #expect(help.isSuccess)
        let script = try String(contentsOfFile: DeployScript.repository + "/deploy-probe.sh", encoding: .utf8)
        for match in script.matches(of: #/^        (--[a-z-]+)\) /#.anchorsMatchLineEndings()) where match.1 != "--key"
        {
            #expect(help.output.contains(match.1), "\(match.1)")
        }
    }
}
