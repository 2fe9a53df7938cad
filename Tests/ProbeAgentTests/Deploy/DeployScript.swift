import Foundation
import ProbeTesting

/// deploy-probe.sh in a folder of its own, with a PATH that has a stub `docker` and the plain tools it may use, and
/// nothing else of this machine.
struct DeployScript {
    static let repository = URL(fileURLWithPath: Places.testFile("..")).standardizedFileURL.path
    private static let tools = [
        "bash", "cat", "cut", "dirname", "env", "grep", "id", "mktemp", "mv", "rm", "sed", "sleep", "sort", "stat",
        "tail", "tr", "wc",
    ]

    let folder: TemporaryFolder
    /// More variables for the script; those that start with STUB_ say how the stub behaves.
    var environment: [String: String] = [:]

    private var bin: String { folder.file("bin") }
    var envFile: String { folder.file(".env") }

    /// - Parameter stubs: what of `docker` and `docker-compose` there is.
    init(stubs: [String] = ["docker"]) throws {
        folder = try TemporaryFolder("deploy")
        for path in [
            "deploy-probe.sh", "docker-compose.probe.yml", "Dockerfile", "scripts/version.sh",
            "Sources/ProbeAgent/Version.swift", "Sources/ProbeBackend/BackendVersion.swift",
        ] {
            let text = try String(contentsOfFile: Self.repository + "/" + path, encoding: .utf8)
            try folder.write(text, to: path)
        }
        try Self.makeExecutable(folder.file("scripts/version.sh"))
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        for tool in Self.tools {
            let real = ["/usr/bin/", "/bin/"].map { $0 + tool }.first(where: FileManager.default.fileExists)
            if let real {
                try FileManager.default.createSymbolicLink(atPath: bin + "/" + tool, withDestinationPath: real)
            }
        }
        for name in stubs { try stub(name, Self.dockerStub) }
    }

    func stub(_ name: String, _ script: String) throws {
        try? FileManager.default.removeItem(atPath: bin + "/" + name)
        try folder.write("#!/bin/bash\n" + script, to: "bin/" + name)
        try Self.makeExecutable(bin + "/" + name)
    }

    private static func makeExecutable(_ path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    /// Notes what it was called as, with its environment and its caller's command line, and answers as STUB_ says.
    private static let dockerStub = """
        name=${0##*/}
        echo "$name $*" >>"$STUB/calls"
        { env; tr '\\0' ' ' <"/proc/$PPID/cmdline"; echo; } >>"$STUB/surroundings"
        words="$name $*"
        case $words in
            "docker info") exit "${STUB_INFO:-0}" ;;
            "docker compose version") exit "${STUB_COMPOSE:-0}" ;;
            "docker pull -q "*) exit "${STUB_PULL:-0}" ;;
            "docker image inspect "*) exit "${STUB_IMAGE:-0}" ;;
            *" build node") exit "${STUB_BUILD:-0}" ;;
            *" up -d --no-build") exit "${STUB_UP:-0}" ;;
            *" down"*) exit "${STUB_DOWN:-0}" ;;
            *" ps -q node") echo "${STUB_CONTAINER-c0ffee}" ;;
            "docker exec "*) 
                if [[ -e $STUB/asked ]]; then exit "${STUB_READY:-0}"; fi
                : >"$STUB/asked"
                exit 1 ;;
            "docker inspect -f {{.Name}} "*) echo /probeops-node_node_1 ;;
            "docker inspect "*) echo "${STUB_STATE:-running 0 0}" ;;
            "docker logs "*) echo "${STUB_LOG:-event=session.connecting}" >&2 ;;
            *) exit 99 ;;
        esac
        """

    func run(_ arguments: [String], bash options: [String] = [], input: String? = nil) async throws -> Oracle.Result {
        try? FileManager.default.removeItem(atPath: folder.file("asked"))
        return try await Oracle.run(
            "/bin/bash", options + [folder.file("deploy-probe.sh")] + arguments, input: input,
            environment: variables, within: .seconds(120))
    }

    /// The same, on a terminal that types `lines`.
    func runOnTerminal(_ arguments: [String], typing lines: String) async throws -> Oracle.Result {
        let command = (["/bin/bash", folder.file("deploy-probe.sh")] + arguments).joined(separator: " ")
        return try await Oracle.run(
            "/usr/bin/script", ["-qec", command, "/dev/null"], input: lines,
            environment: variables.merging(["SHELL": "/bin/bash"]) { $1 }, within: .seconds(120))
    }

    private var variables: [String: String] {
        ["PATH": bin, "STUB": folder.path, "HOME": folder.path].merging(environment) { $1 }
    }

    /// What the stubs were called as, the questions left out that change nothing.
    func calls() -> [String] {
        lines("calls").filter { !$0.hasPrefix("docker inspect") && !$0.hasSuffix("version") && $0 != "docker info" }
            .map { $0.replacing("-p probeops-node -f \(folder.path)/docker-compose.probe.yml ", with: "") }
    }

    /// All that others on the machine could see of the script and what it started.
    func surroundings() -> String { (lines("surroundings") + lines("calls")).joined(separator: "\n") }

    func settings() -> [String] { lines(".env").filter { !$0.hasPrefix("#") } }

    private func lines(_ name: String) -> [String] {
        guard let text = try? String(contentsOfFile: folder.file(name), encoding: .utf8) else { return [] }
        return text.split(separator: "\n").map(String.init)
    }
}
