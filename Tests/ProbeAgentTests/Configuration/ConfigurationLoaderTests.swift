import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// Texts for a setting, weakest source first, and how the configuration then shows the strongest.
private struct Sample {
    var texts: [String]
    var show: @Sendable (AgentConfiguration) -> String
    var shown: [String]

    init(_ texts: [String], shown: [String]? = nil, _ show: @escaping @Sendable (AgentConfiguration) -> String) {
        self.texts = texts
        self.shown = shown ?? texts
        self.show = show
    }
}

struct ConfigurationLoaderTests {
    private static let samples: [String: Sample] = [
        "backend": Sample(["http://localhost:1", "https://b.example/base", "wss://c.example/x"]) { $0.backend },
        "uuid": Sample(["11111111-2222-3333-4444-555555555555", "node-7", "pnode_x"]) { $0.nodeUUID },
        "key": Sample(["one", "two", "three"]) { $0.apiKey.revealed },
        "key-file": Sample(["/etc/hostname", "/etc/debian_version", "/etc/hostname"]) { $0.apiKeyFile ?? "" },
        "hostname": Sample(["a", "b", "c"]) { $0.hostname },
        "token": Sample(["pnrt_a", "pnrt_b", "pnrt_c"]) { $0.enrollment.registrationToken?.revealed ?? "" },
        "token-file": Sample(tokenFiles) { $0.enrollment.tokenFile ?? "" },
        "registration-token": Sample(["pnrt_a", "pnrt_b", "pnrt_c"]) {
            $0.enrollment.registrationToken?.revealed ?? ""
        },
        "registration-token-file": Sample(["/a", "b", "/run/secrets/c"]) { $0.enrollment.registrationTokenFile ?? "" },
        "name": Sample(["a", "Köln 3", "c"]) { $0.enrollment.name ?? "" },
        "region": Sample(["a", "eu-west", "c"]) { $0.enrollment.region ?? "" },
        "zone": Sample(["a", "b 1", "c"]) { $0.enrollment.zone ?? "" },
        "heartbeat": Sample(["10", "1500ms", "2m"], shown: ["10s", "1500ms", "120s"]) { $0.heartbeat.shown },
        "ca-file": Sample(["/etc/hosts", "/etc/passwd", "/etc/hosts"]) { $0.caFile ?? "" },
        "pin": Sample([pins(1, 2), pins(3, 4), pins(5, 6)]) {
            $0.access.pins?.description.replacing(" ", with: "") ?? ""
        },
        "client-cert": Sample(["/etc/hosts", "/etc/passwd", "/etc/hosts"]) { $0.access.clientCertificateFile ?? "" },
        "client-key": Sample(["/etc/hosts", "/etc/passwd", "/etc/hosts"]) { $0.access.clientKeyFile ?? "" },
        "proxy": Sample(
            ["http://user:pw@a:1", "socks5://b", "none"], shown: ["http://a:1", "socks5://b:1080", "none"]
        ) { $0.access.proxy.proxy?.description ?? "none" },
        "redact-headers": Sample(["x-a", "default", "X-B,x-c"], shown: ["x-a", "cookie", "x-b"]) { configuration in
            ["x-a", "cookie", "x-b"].first { configuration.redactedHeaders.hides($0) } ?? "none"
        },
        "allow-plaintext": Sample(["yes", "false", "on"], shown: ["true", "false", "true"]) { "\($0.allowPlaintext)" },
        "reconnect-initial": Sample(["2", "300ms", "3s"], shown: ["2s", "300ms", "3s"]) {
            $0.reconnect.chosen.contains(.initial) ? $0.reconnect.initial.shown : "not chosen"
        },
        "reconnect-factor": Sample(["2", "1", "3.5"], shown: ["2.0", "1.0", "3.5"]) { "\($0.reconnect.factor)" },
        "reconnect-max": Sample(["60", "90s", "1h"], shown: ["60s", "90s", "1h"]) {
            $0.reconnect.chosen.contains(.maximum) ? $0.reconnect.maximum.shown : "not chosen"
        },
        "reconnect-jitter": Sample(["0", "0.5", "1"], shown: ["0.0", "0.5", "1.0"]) {
            $0.reconnect.chosen.contains(.jitter) ? "\($0.reconnect.jitter)" : "not chosen"
        },
        "max-concurrent": Sample(["1", "2048", "65536"]) { "\($0.maxConcurrent)" },
        "queue-limit": Sample(["0", "1", "1000000"]) { "\($0.queueLimit)" },
        "state-dir": Sample(["/a", "/var/lib/my probe", "state"]) { $0.stateDirectory ?? "" },
        "outbox-max-bytes": Sample(["1MiB", "4MiB", "4096MiB"], shown: ["1048576", "4194304", "4294967296"]) {
            "\($0.outbox.bytes)"
        },
        "outbox-max-age": Sample(["60", "2h", "240h"], shown: ["60s", "2h", "240h"]) { $0.outbox.age.shown },
        "user": Sample(["nobody", "65533", "65532:65531"], shown: ["65534:65534", "65533:65533", "65532:65531"]) {
            $0.user.map { "\($0.uid):\($0.gid)" } ?? ""
        },
        "control-socket": Sample(["/a", "run/control.sock", "none"]) {
            switch $0.controlSocket {
            case .automatic: "automatic"
            case .path(let path): path
            case .none: "none"
            }
        },
        "hardening": Sample(["false", "true", "off"], shown: ["false", "true", "false"]) { "\($0.isHardened)" },
        "allow": Sample(["127.0.0.0/8", "::1/128,10.1.2.3+port=25", "any+port=25"]) { shown($0.policy.allow) },
        "deny": Sample(["10.0.0.0/8", "*.internal.example", "any+port=22,x.example"]) { shown($0.policy.deny) },
        "tools": Sample(["ping", "dns,http", "mtr"], shown: ["ping", "dns http", "mtr"]) {
            $0.tools?.sorted().joined(separator: " ") ?? "all"
        },
        "watch": Sample(["/etc/hosts", "/etc/passwd", "/etc/hosts"]) { $0.watchFile ?? "" },
        "audit-log": Sample(["/a", "/var/log/audit.ndjson", "b"]) { $0.auditLog ?? "" },
        "log-format": Sample(["json", "logfmt", "JSON"], shown: ["json", "logfmt", "json"]) { $0.logFormat.rawValue },
        "metrics-listen": Sample(
            ["localhost:9469", "[::1]:1", "unix:/run/m.sock"],
            shown: ["127.0.0.1:9469", "[::1]:1", "unix:/run/m.sock"]
        ) { $0.metricsListen.map { "\($0)" } ?? "" },
        "metrics-textfile": Sample(["/a.prom", "/var/lib/m/b.prom", "c.prom"]) { $0.metricsTextfile ?? "" },
        "address-rate": Sample(["1", "0.5", "0"], shown: ["1.0", "0.5", "0.0"]) { "\($0.rates.address)" },
        "network-rate": Sample(["1", "0.5", "0"], shown: ["1.0", "0.5", "0.0"]) { "\($0.rates.network)" },
        "node-rate": Sample(["1", "0.5", "10"], shown: ["1.0", "0.5", "10.0"]) { "\($0.rates.node)" },
        "deny-private": Sample(["true", "false", "yes"], shown: ["true", "false", "true"]) {
            "\($0.policy.deniesPrivate)"
        },
        "max-result-bytes": Sample(["4096", "512KiB", "16MiB"], shown: ["4096", "524288", "16777216"]) {
            "\($0.maxResultBytes)"
        },
        "log-level": Sample(["debug", "WARN", "error"], shown: ["debug", "warning", "error"]) { $0.logLevel.rawValue },
        "verbose": Sample(["true", "false", "true"], shown: ["debug", "info", "debug"]) { $0.logLevel.rawValue },
    ]
    private static let tokens = try? TemporaryFolder("tokens")
    private static let tokenFiles = ["a", "b", "c"].map { (try? tokens?.write("pnrt_\($0)\n", to: $0)) ?? "" }
    private static func shown(_ rules: [PolicyRule]) -> String { rules.map(\.description).joined(separator: ",") }
    private static func pins(_ bytes: UInt8...) -> String {
        bytes.map { "sha256/" + Data(repeating: $0, count: 32).base64EncodedString() }.joined(separator: ",")
    }
    private static let needed = ["backend": "https://localhost:1", "uuid": "node", "key": "k"]

    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func load(
        flags: [String: String] = [:], environment: [String: String] = [:], file: String? = nil
    ) throws -> LoadedConfiguration {
        var flags = flags
        if let file { flags["config"] = try folder.write(file, to: "node.yaml") }
        return try ConfigurationLoader(flags: flags, environment: environment).load()
    }

    /// The sentence of the refusal.
    private func refusal(
        flags: [String: String] = [:], environment: [String: String] = [:], file: String? = nil
    ) throws -> String {
        do {
            _ = try load(flags: flags, environment: environment, file: file)
            return "accepted"
        } catch let error as ConfigurationError {
            return error.description
        }
    }

    @Test func everySettingHasASample() {
        #expect(Set(Self.samples.keys) == Set(Setting.all.map(\.name)).subtracting(["config"]))
    }

    @Test(arguments: samples.keys.sorted())
    func strongerSourcesWin(name: String) throws {
        let sample = try #require(Self.samples[name])
        let setting = try #require(Setting.all.first { $0.name == name })
        var base = Self.needed
        base[name] = nil
        if name == "key-file" { base["key"] = nil }
        if name == "client-cert" { base["client-key"] = "/etc/hosts" }
        if name == "client-key" { base["client-cert"] = "/etc/hosts" }
        let file = setting.key + ": \"" + sample.texts[0] + "\"\n"
        let fromFile = try load(flags: base, file: file)
        #expect(sample.show(fromFile.configuration) == sample.shown[0])
        if let variable = setting.variable {
            let fromVariable = try load(flags: base, environment: [variable: sample.texts[1]], file: file)
            #expect(sample.show(fromVariable.configuration) == sample.shown[1])
            let empty = try load(flags: base, environment: [variable: ""], file: file)
            #expect(sample.show(empty.configuration) == sample.shown[0], "an empty variable is not set")
        }
        let environment = setting.variable.map { [$0: sample.texts[1]] } ?? [:]
        let fromFlag = try load(
            flags: base.merging([name: sample.texts[2]]) { $1 }, environment: environment, file: file)
        #expect(sample.show(fromFlag.configuration) == sample.shown[2])
    }

    @Test func shownDefaultsAreTheDefaults() throws {
        var flags = Self.needed
        for setting in Setting.all where !["hostname", "name", "tools", "control-socket"].contains(setting.name) {
            if let fallback = setting.fallback { flags[setting.name] = fallback }
        }
        let bare = try load(flags: Self.needed).configuration
        let spelled = try load(flags: flags).configuration
        for (name, sample) in Self.samples where !name.hasPrefix("reconnect") {
            #expect(sample.show(bare) == sample.show(spelled), "\(name)")
        }
        #expect(bare.reconnect.chosen.isEmpty)
        #expect(spelled.reconnect.initial == bare.reconnect.initial)
        #expect(spelled.reconnect.factor == bare.reconnect.factor)
        #expect(spelled.reconnect.maximum == bare.reconnect.maximum)
        #expect(spelled.reconnect.jitter == bare.reconnect.jitter)
    }

    @Test func namesTheSourceTheValueAndWhatIsAllowed() throws {
        let range = "a whole number from 1 to 65536"
        #expect(
            try refusal(flags: Self.needed.merging(["max-concurrent": "0"]) { $1 })
                == "--max-concurrent must be \(range), not \"0\".")
        #expect(
            try refusal(flags: Self.needed, environment: ["PROBEOPS_MAX_CONCURRENT": "lots"])
                == "PROBEOPS_MAX_CONCURRENT must be \(range), not \"lots\".")
        #expect(
            try refusal(flags: Self.needed, file: "\n\nmax_concurrent: 1e9\n")
                == "\(folder.file("node.yaml")):3: max_concurrent must be \(range), not \"1e9\".")
    }

    @Test(arguments: [
        ("backend", ""), ("backend", "ftp://x"), ("backend", "http://[::1"), ("backend", "http://a b"),
        ("backend", "http://user:pw@localhost"), ("backend", "http://localhost/?q"), ("backend", "http://example.com"),
        ("backend", "http://localhost:70000"), ("uuid", ""), ("uuid", "a b"), ("uuid", "ü"),
        ("uuid", String(repeating: "x", count: 129)), ("key", ""), ("key", "two words"), ("key", "line\n"),
        ("key-file", "/nonexistent"), ("key-file", "/etc"), ("hostname", "a b"), ("heartbeat", "0"),
        ("heartbeat", "nan"), ("heartbeat", "15 s"), ("heartbeat", "1d"), ("heartbeat", "1e400"), ("ca-file", "/etc"),
        ("allow-plaintext", "2"), ("reconnect-initial", "99ms"), ("reconnect-factor", "0.9"),
        ("reconnect-factor", "inf"), ("reconnect-max", "2h"), ("reconnect-max", "500ms"), ("reconnect-jitter", "1.1"),
        ("max-concurrent", "-1"), ("max-concurrent", "99999999999999999999"), ("queue-limit", "1000001"),
        ("max-result-bytes", "17MiB"), ("max-result-bytes", "9007199254740993MiB"), ("log-level", "chatty"),
        ("verbose", "perhaps"), ("pin", "sha256/BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="), ("client-cert", "/etc"),
        ("proxy", "ftp://x"), ("redact-headers", "a b"),
    ])
    func refusesInOneSentence(name: String, text: String) throws {
        var flags = Self.needed.merging([name: text]) { $1 }
        if name == "key-file" { flags["key"] = nil }
        let sentence = try refusal(flags: flags)
        #expect(sentence != "accepted")
        #expect(sentence.hasSuffix(".") && !sentence.contains("\n"), "\(sentence)")
    }

    @Test(arguments: ["backend", "uuid", "key"])
    func saysHowToGiveWhatIsMissing(name: String) throws {
        var flags = Self.needed
        flags[name] = nil
        let sentence = try refusal(flags: flags)
        #expect(sentence.hasPrefix("No ") && sentence.contains("PROBEOPS_"), "\(sentence)")
    }

    @Test func onlyTheStrongestValueIsChecked() throws {
        let loaded = try load(
            flags: Self.needed.merging(["heartbeat": "20"]) { $1 }, environment: ["PROBEOPS_HEARTBEAT_INTERVAL": "bad"])
        #expect(loaded.configuration.heartbeat == .seconds(20))
    }

    // MARK: Settings that say the same thing

    @Test func keyAndKeyFile() throws {
        let keyFile = try folder.write("  from-file\n\n", to: "key")
        let base = ["backend": "http://localhost:1", "uuid": "node"]
        func key(_ flags: [String: String], _ environment: [String: String], _ file: String? = nil) throws -> String {
            let flags = base.merging(flags) { $1 }
            return try load(flags: flags, environment: environment, file: file).configuration.apiKey.revealed
        }
        #expect(try key(["key-file": keyFile], [:]) == "from-file")
        #expect(try key(["key-file": keyFile], ["PROBEOPS_API_KEY": "from-variable"]) == "from-file")
        #expect(try key(["key": "from-flag"], ["PROBEOPS_API_KEY_FILE": keyFile]) == "from-flag")
        #expect(try key([:], ["PROBEOPS_API_KEY": "from-variable"], "key_file: \(keyFile)\n") == "from-variable")
        let both = try refusal(flags: base.merging(["key": "a", "key-file": keyFile]) { $1 })
        #expect(both == "--key and --key-file are both given: use one of them.")
    }

    @Test func verboseAndLogLevel() throws {
        func level(_ flags: [String: String], _ environment: [String: String]) throws -> String {
            let flags = Self.needed.merging(flags) { $1 }
            return try load(flags: flags, environment: environment).configuration.logLevel.rawValue
        }
        #expect(try level(["verbose": "true"], ["PROBEOPS_LOG_LEVEL": "error"]) == "debug")
        #expect(try level(["verbose": "true", "log-level": "trace"], [:]) == "trace")
        #expect(try level(["log-level": "error"], [:]) == "error")
    }

    // MARK: Secrets

    @Test func keyFileMustHoldAKey() throws {
        let base = ["backend": "http://localhost:1", "uuid": "node"]
        for (name, text, reason) in [
            ("empty", " \n", "is empty."), ("words", "a b", "and nothing else."), ("binary", "\u{1}", "nothing else."),
            ("large", String(repeating: "x", count: 70000), "is larger than"),
        ] {
            let sentence = try refusal(flags: base.merging(["key-file": try folder.write(text, to: name)]) { $1 })
            #expect(sentence.contains(folder.file(name)) && sentence.contains(reason), "\(sentence)")
        }
    }

    @Test func warnsOfWhatOthersCanRead() throws {
        let key = try folder.write("secret-key", to: "key")
        let base = ["backend": "http://localhost:1", "uuid": "node"]
        func warnings(mode: Int, _ flags: [String: String], _ file: String? = nil) throws -> [String] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: key)
            return try load(flags: base.merging(flags) { $1 }, file: file).warnings
        }
        #expect(try warnings(mode: 0o600, ["key-file": key]) == [])
        #expect(try warnings(mode: 0o640, ["key-file": key]).count == 1)
        #expect(try warnings(mode: 0o604, ["key-file": key])[0].contains("chmod 600 \(key)"))
        #expect(try warnings(mode: 0o600, ["key": "secret-key"])[0].contains("--key-file"))
        let inFile = try warnings(mode: 0o600, [:], "key: secret-key\n")
        #expect(inFile.count == 1 && !inFile[0].contains("secret-key"))
    }

    @Test func suggestsVariablesThatWereMeant() throws {
        let environment = ["PROBEOPS_HEARTBEAT_INTERVALL": "3", "PROBEOPS_ADMIN_TOKEN": "x", "PATH": "/bin"]
        let warnings = try load(flags: Self.needed, environment: environment).warnings
        #expect(warnings.filter { $0.contains("PROBEOPS_HEARTBEAT_INTERVAL?") }.count == 1)
        #expect(!warnings.contains { $0.contains("ADMIN_TOKEN") })
    }

    @Test func secretsAreNeverShown() throws {
        let configuration = try load(flags: Self.needed.merging(["key": "s3cr3t"]) { $1 }).configuration
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped, "\(configuration.apiKey)"] {
            #expect(!text.contains("s3cr3t"))
        }
        #expect(dumped.contains("[redacted]"))
        #expect(configuration.apiKey.revealed == "s3cr3t")
    }
}
