import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// Where backend, identifier and key come from when more than one source knows them.
struct EnrollmentSettingsTests {
    private let folder: TemporaryFolder
    private let token = ConfigTokenTests.token("{\(ConfigTokenTests.claims),\"HEARTBEAT_INTERVAL\":\"20\"}")

    init() throws { folder = try TemporaryFolder() }

    private func load(
        _ flags: [String: String] = [:], _ environment: [String: String] = [:], file: String? = nil
    ) throws -> LoadedConfiguration {
        var flags = flags
        if let file { flags["config"] = try folder.write(file, to: "node.yaml") }
        return try ConfigurationLoader(flags: flags, environment: environment).load()
    }

    private func refusal(_ flags: [String: String], _ environment: [String: String] = [:]) -> String {
        do { _ = try load(flags, environment) } catch { return "\(error)" }
        return "accepted"
    }

    private func keepIdentity() throws -> Identity {
        let identity = Identity(
            nodeUUID: "kept", apiKey: Secret("pnode_kept"), backend: "https://kept.example", name: "n", region: nil,
            registeredAt: WallTime(nanoseconds: 0))
        try identity.keep(in: StateDirectory(folder.path))
        return identity
    }

    // MARK: The configuration token

    @Test func aTokenIsAllThatANodeNeeds() throws {
        let path = try folder.write(token + "\n", to: "token")
        let ways: [([String: String], [String: String])] = [
            (["token": token], [:]), ([:], ["PROBEOPS_TOKEN": token]), (["token-file": path], [:]),
            ([:], ["PROBEOPS_TOKEN_FILE": path]), (["token-file": path], ["PROBEOPS_TOKEN": "wrong"]),
        ]
        for (flags, environment) in ways {
            let configuration = try load(flags, environment).configuration
            #expect(configuration.nodeUUID == "node-1" && configuration.apiKey.revealed == "pnode_5ecret")
            #expect(configuration.backend == "https://b.example" && configuration.heartbeat == .seconds(20))
        }
    }

    @Test func itIsWeakerThanFlagsAndVariablesAndStrongerThanTheFile() throws {
        let configuration = try load(
            ["token": token, "uuid": "flag"], ["PROBEOPS_API_KEY": "variable"],
            file: "backend: https://file.example\nheartbeat: 99\nhostname: file\n"
        ).configuration
        #expect(configuration.nodeUUID == "flag" && configuration.apiKey.revealed == "variable")
        #expect(configuration.backend == "https://b.example" && configuration.heartbeat == .seconds(20))
        #expect(configuration.hostname == "file")
    }

    @Test func wrongTokensAreRefused() throws {
        let bad = ConfigTokenTests.token("{\(ConfigTokenTests.claims),\"LOG_LEVEL\":\"chatty\"}")
        #expect(refusal(["token": bad]).hasPrefix("The token's LOG_LEVEL must be one of"))
        #expect(refusal(["token": token, "token-file": "/etc/hostname"]).contains("use one of them"))
        let two = try folder.write("a b", to: "two")
        #expect(refusal(["token-file": two]).contains("must hold one token"))
        let expired = ConfigTokenTests.token("{\(ConfigTokenTests.claims),\"exp\":1}")
        #expect(refusal([:], ["PROBEOPS_TOKEN": expired]).hasPrefix("The token of PROBEOPS_TOKEN expired at 1970"))
    }

    // MARK: The identity of a registration

    @Test func anIdentityIsUsedWhereNothingElseIsGiven() throws {
        let identity = try keepIdentity()
        let state = ["state-dir": folder.path]
        let plain = try load(state, ["PROBEOPS_REGISTRATION_TOKEN": "pnrt_x"]).configuration
        #expect(plain.nodeUUID == "kept" && plain.apiKey == identity.apiKey && plain.backend == identity.backend)
        #expect(!plain.enrollment.isDue, "registered already")
        // A renewed key for the same node; another backend, with a warning.
        let renewed = try load(state.merging(["key": "new", "backend": "https://other.example"]) { $1 })
        #expect(renewed.configuration.nodeUUID == "kept" && renewed.configuration.apiKey.revealed == "new")
        #expect(renewed.warnings.contains { $0.contains("https://kept.example") })
        // The key is another node's.
        #expect(refusal(state.merging(["uuid": "stranger"]) { $1 }).contains("No backend is set"))
        #expect(
            refusal(state.merging(["uuid": "stranger", "backend": "https://x.example"]) { $1 }).contains("No API key"))
        // The file is stronger too.
        let filed = try load(state, file: "uuid: f\nkey: k\nbackend: https://f.example\n").configuration
        #expect(filed.nodeUUID == "f" && filed.backend == "https://f.example")
    }

    @Test func aDamagedIdentityIsRefusedByName() throws {
        for text in ["", "[]", "{}", #"{"node_uuid":"x","api_key":"two words","backend":"b"}"#] {
            let path = try folder.write(text, to: "identity.json")
            #expect(refusal(["state-dir": folder.path]).hasPrefix(path), "\(text)")
        }
    }

    // MARK: Registering at the first start

    @Test func aRegistrationTokenMakesTheNodeRegister() throws {
        let path = try folder.write("pnrt_file\n", to: "token")
        let base = ["state-dir": folder.path, "backend": "https://b.example"]
        for (flags, environment) in [
            (["registration-token-file": path], [:]), ([:], ["PROBEOPS_REGISTRATION_TOKEN_FILE": path]),
            // What a user tries who has only one kind of token.
            (["token-file": path], [:]), ([:], ["PROBEOPS_TOKEN": "pnrt_file"]),
        ] as [([String: String], [String: String])] {
            let enrollment = try load(base.merging(flags) { $1 }, environment).configuration.enrollment
            #expect(enrollment.isDue && enrollment.registrationToken?.revealed == "pnrt_file")
        }
        #expect(refusal(["backend": "https://b.example", "token": "pnrt_x"]).contains("--state-dir"))
        #expect(refusal(["state-dir": folder.path, "token": "pnrt_x"]).contains("No backend is set"))
        #expect(
            refusal(base.merging(["registration-token": "eyJ.x.y"]) { $1 }).contains("does not begin") == false)
        #expect(refusal(base.merging(["registration-token": "eyJ.x.y"]) { $1 }).contains("no registration token"))
    }
}
