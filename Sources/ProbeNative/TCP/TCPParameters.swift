/// What a tcp job is asked for (docs/tools/tcp.md).
public struct TCPParameters: Sendable {
    public var port: UInt16
    /// Begin with a TLS handshake.
    public var tls: Bool
    public var verifiesTLS: Bool
    public var serverName: Host?
    public var trust: TrustStore?
    /// For the connection, the handshake, and each step.
    public var timeout: Duration
    /// Without steps: for what the peer says first.
    public var bannerWait: Duration
    public var steps: [TCPStep]

    static let mostSteps = 32

    init(_ reader: inout ParameterReader) {
        let port = reader.optionalInteger("port", in: 1...65535, help: "TCP port")
        tls = reader.flag("tls", default: false, help: "begin with a TLS handshake")
        let steps = reader.value(
            "steps", .texts,
            help: "what to say and hear, in order: send:TEXT (with \\r \\n \\t \\0 \\xHH), expect:REGEX, starttls")
        timeout = reader.milliseconds(
            "timeout_ms", default: 10000, in: 10...60000, help: "for the connection, the handshake, and each step")
        bannerWait = reader.milliseconds(
            "banner_ms", default: 500, in: 0...60000, help: "without steps: how long to wait for what the peer says")
        verifiesTLS = reader.flag("verify_tls", default: true, help: "refuse a certificate that is not good")
        serverName = Self.serverName(&reader)
        trust = Self.trust(&reader)
        self.port = UInt16(port ?? 1)
        self.steps = []
        if port == nil { reader.refuse("port must be given: a whole number from 1 to 65535.") }
        if let steps { readSteps(steps, &reader) }
        let handshakes = self.steps.count { $0.startsTLS } + (tls ? 1 : 0)
        if handshakes > 1 { reader.refuse("steps: a connection can begin TLS only once.") }
    }

    private mutating func readSteps(_ value: ParameterValue, _ reader: inout ParameterReader) {
        guard case .array(let values) = value, values.count <= Self.mostSteps else {
            return reader.refuse("steps", value, "a list of at most \(Self.mostSteps) steps")
        }
        for (index, value) in values.enumerated() {
            do throws(InvalidInput) { steps.append(try TCPStep(value, name: "steps[\(index)]")) } catch {
                return reader.refuse(error.detail, code: error.code)
            }
        }
    }

    private static func serverName(_ reader: inout ParameterReader) -> Host? {
        guard
            let text = reader.optionalText(
                "sni", limit: 253, help: "name to ask for and to look for in the certificate")
        else { return nil }
        if let host = try? Host(text), case .name = host { return host }
        reader.refuse("sni", .string(text), "a host name")
        return nil
    }

    private static func trust(_ reader: inout ParameterReader) -> TrustStore? {
        guard
            let pem = reader.optionalText(
                "ca_pem", limit: 256 << 10, multiline: true,
                help: "PEM certificates of the authorities to trust instead of the system's")
        else { return nil }
        do throws(InvalidInput) { return try TrustStore(pem: pem, parameter: "ca_pem") } catch {
            reader.refuse(error.detail, code: error.code)
            return nil
        }
    }

    /// At worst every wait is waited out, and the name's lookup takes its time.
    var expectedDuration: Duration {
        let waits = 2 + steps.count { $0.expect != nil } + steps.count { $0.startsTLS }
        return min(.seconds(600), timeout * waits + .seconds(6))
    }

    var tlsOptions: TLSOptions {
        var options = TLSOptions(verifiesTLS ? .enforcing : .measuring, trust: trust)
        options.serverName = serverName
        return options
    }
}
