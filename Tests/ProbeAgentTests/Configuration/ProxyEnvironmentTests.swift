import ProbeTesting
import Testing

@testable import ProbeAgent

/// What curl does with the same variables, told by libcurl-env(3) and its NO_PROXY tests.
struct ProxyEnvironmentTests {
    private func proxy(_ variables: [String: String], _ backend: String = "https://www.example.com") throws -> String? {
        ProxyEnvironment(variables).proxy(for: try BackendURL(backend, allowsPlaintext: true))?.value
    }

    @Test func lowerCaseGoesFirstAndTheSchemesVariableBeforeAll() throws {
        let all = ["https_proxy": "a", "HTTPS_PROXY": "b", "all_proxy": "c", "ALL_PROXY": "d", "http_proxy": "e"]
        var left = all
        for (name, value) in [("https_proxy", "a"), ("HTTPS_PROXY", "b"), ("all_proxy", "c"), ("ALL_PROXY", "d")] {
            #expect(try proxy(left) == value)
            left[name] = ""
        }
        #expect(try proxy(left) == nil)
        #expect(try proxy(all, "http://www.example.com") == "e")
        #expect(try proxy(["HTTP_PROXY": "x", "ALL_PROXY": "y"], "http://www.example.com") == "y")
        #expect(try proxy(["HTTP_PROXY": "x"], "http://www.example.com") == nil)
    }

    @Test(arguments: [
        ("*", "https://www.example.com", true), ("*,x", "https://www.example.com", false),
        ("example.com", "https://www.example.com", true), (".example.com", "https://example.com", true),
        ("EXAMPLE.com.", "https://www.Example.com", true), ("ample.com", "https://www.example.com", false),
        ("www.example.com", "https://example.com", false), ("a, example.com", "https://www.example.com", true),
        ("a example.com", "https://www.example.com", true), ("", "https://www.example.com", false),
        ("192.168.0.0/16", "https://192.168.1.2", true), ("192.168.0.0/24", "https://192.168.1.2", false),
        ("192.168.1.2", "https://192.168.1.2", true), ("192.168.1.0/23", "https://192.168.0.9", true),
        ("0.0.0.0/0", "https://192.168.1.2", true), ("168.1.2", "https://192.168.1.2", false),
        ("192.168.0.0/33", "https://192.168.0.0", false), ("2001:db8::/33", "https://[2001:db8:7fff::1]", true),
        ("2001:db8::/33", "https://[2001:db8:8000::1]", false), ("[::1]", "https://[::1]", true),
        ("::1", "https://127.0.0.1", false), ("192.168.1.0/24", "https://www.example.com", false),
    ])
    func noProxy(list: String, backend: String, isExempt: Bool) throws {
        let found = try proxy(["ALL_PROXY": "p", "NO_PROXY": list], backend)
        #expect((found == nil) == isExempt)
        // In lower case it counts, and the other does not.
        let again = try proxy(["ALL_PROXY": "p", "NO_PROXY": "*", "no_proxy": list + ",other"], backend)
        #expect((again == nil) == (isExempt && list != "*"))
    }

    // MARK: In the loader

    private func load(
        _ environment: [String: String], _ flags: [String: String] = [:]
    ) throws -> AgentConfiguration {
        let needed = ["backend": "https://b.example", "uuid": "n", "key": "k"]
        return try ConfigurationLoader(flags: needed.merging(flags) { $1 }, environment: environment).load()
            .configuration
    }

    @Test func theFlagBeatsTheEnvironment() throws {
        let environment = ["HTTPS_PROXY": "http://user:pw@e.example:3128"]
        let found = try #require(try load(environment).access.proxy.proxy)
        #expect(found.description == "http://e.example:3128" && found.credentials != nil)
        #expect(try load(environment, ["proxy": "socks5://f.example"]).access.proxy.proxy?.host == "f.example")
        #expect(try load(environment, ["proxy": "none"]).access.proxy == .direct)
        #expect(try load([:]).access.proxy == .direct)
        #expect(try load(["NO_PROXY": "b.example", "ALL_PROXY": "x://"]).access.proxy == .direct)
    }

    @Test func whatCannotBeUsedIsNamedAndNotShown() throws {
        for (environment, flags, name) in [
            (["HTTPS_PROXY": "https://u:5ecret@p"], [:], "HTTPS_PROXY"),
            ([:], ["proxy": "socks5://u:5ecret@p"], "--proxy"),
            (["PROBEOPS_PROXY": "5ecret word"], [:], "PROBEOPS_PROXY"),
        ] {
            let refusal = #expect(throws: ConfigurationError.self) { _ = try load(environment, flags) }
            let sentence = refusal?.description ?? ""
            #expect(sentence.hasPrefix(name + " must be") && !sentence.contains("5ecret"), "\(sentence)")
        }
    }

    @Test func pinsAndCertificatesNeedTLSAndEachOther() throws {
        let pins =
            "sha256/BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=,sha256/CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg="
        #expect(try load([:], ["pin": pins]).access.pins != nil)
        for flags in [
            ["backend": "http://localhost", "pin": pins], ["client-cert": "/etc/hosts"], ["client-key": "/etc/hosts"],
            ["backend": "http://localhost", "client-cert": "/etc/hosts", "client-key": "/etc/hosts"],
        ] {
            #expect(throws: ConfigurationError.self) { _ = try load([:], flags) }
        }
    }

    // MARK: Stores of secrets

    @Test func storesAreLookedAtInTheirOrder() throws {
        let folder = try TemporaryFolder()
        func key(_ flags: [String: String] = [:], _ more: [String: String] = [:]) throws -> String {
            let environment = ["CREDENTIALS_DIRECTORY": folder.file("systemd")].merging(more) { $1 }
            var loader = ConfigurationLoader(
                flags: ["backend": "https://b.example", "uuid": "n"].merging(flags) { $1 }, environment: environment)
            loader.secretsFolder = folder.file("docker")
            let loaded = try loader.load()
            #expect(loaded.warnings.allSatisfy { !$0.contains("chmod") })
            return loaded.configuration.apiKey.revealed
        }
        #expect(throws: ConfigurationError.self) { _ = try key() }
        try folder.write("of-docker\n", to: "docker/probeops_api_key")
        #expect(try key() == "of-docker")
        try folder.write("of-systemd\n", to: "systemd/probeops-api-key")
        #expect(try key() == "of-systemd")
        #expect(try key([:], ["PROBEOPS_API_KEY": "of-variable"]) == "of-variable")
        #expect(try key(["key": "of-flag"]) == "of-flag")
        try folder.write("two words", to: "systemd/probeops-api-key")
        #expect(throws: ConfigurationError.self) { _ = try key() }
    }
}
