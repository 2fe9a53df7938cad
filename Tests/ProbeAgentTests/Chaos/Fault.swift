import ProbeTesting
import Testing

/// Something that goes wrong around a node, and how long the node may take to be back.
struct Fault: Sendable, CustomTestStringConvertible {
    let name: String
    /// From the end of the fault to a node that is authenticated and answers. `ChaosPlan.allowance` comes on top.
    var law = Fault.reconnect
    /// Error codes that its answers may have.
    var codes: Set<String> = []
    /// Those codes are how the fault shows: without one of them nothing has happened.
    var mustSeeCodes = false
    /// The node itself was killed: what it had not answered is asked again, and may run again.
    var losesNode = false
    var needsLab = false
    var setUp: @Sendable (ChaosSetup) async throws -> ChaosSetup = { $0 }
    /// Lets it happen, and mends it.
    let strike: @Sendable (ChaosWorld, inout FuzzGenerator) async throws -> Void

    /// The longest delay between two attempts (1 s and a tenth).
    static let reconnect = Duration.milliseconds(1100)

    var testDescription: String { name }
}

/// Where the parties of a fault are, and how the node is started.
struct ChaosSetup: Sendable {
    var lab: NetworkLab?
    var controllerSide = NetworkLab.Side.near
    var controllerHost = "127.0.0.1"
    var certificate: CertificateFiles?
    /// SO_RCVBUF of the controller in bytes, for a slow reader.
    var receiveBuffer: Int?
    /// The name in the node's URL, where it is not the address.
    var backendName: String?
    var options: [String] = []
    var environment: [String: String] = [:]
    /// Put before the node's command.
    var wrapper: [String] = []
    let folder: TemporaryFolder
}
