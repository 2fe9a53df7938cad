import Glibc
import ProbeTesting
import Testing

@testable import ProbeAgent

struct ControlSocketTests {
    private static func place(
        _ socket: ControlSocket, state: String? = nil, _ environment: [String: String] = [:], runtime: String = "/none"
    ) -> String? {
        socket.place(stateDirectory: state, environment: environment, runtimeFolder: runtime, for: W_OK)?.path
    }

    @Test func whereItIs() throws {
        let folder = try TemporaryFolder("runtime")
        let manager = ["RUNTIME_DIRECTORY": "/run/a:/run/b"]
        #expect(Self.place(.none, state: "/s", manager, runtime: folder.path) == nil)
        #expect(Self.place(.path("/x"), state: "/s", manager) == "/x")
        #expect(Self.place(.automatic, state: "/s", manager) == "/s/control.sock")
        #expect(Self.place(.automatic, manager, runtime: folder.path) == "/run/a/control.sock")
        #expect(Self.place(.automatic, runtime: folder.path) == folder.file("control.sock"))
        #expect(Self.place(.automatic) == nil)
    }

    /// A second node of the machine starts all the same where nobody asked for the place; where somebody did, it does not.
    @Test func aTakenPlace() throws {
        let folder = try TemporaryFolder("runtime")
        var configuration = AgentConfiguration(backend: "", nodeUUID: "", apiKey: Secret(""))
        configuration.controlSocket = .path(folder.file("s"))
        var warnings: [String] = []
        let first = try configuration.listenForControl(environment: [:], warnings: &warnings)
        #expect(first != nil && warnings.isEmpty)
        #expect(throws: ConfigurationError.self) {
            _ = try configuration.listenForControl(environment: [:], warnings: &warnings)
        }
        withExtendedLifetime(first) {}
    }
}
