/// Makes a TLS handshake and tells what the server showed: certificates, versions, ciphers. docs/internals/tls.md.
public struct TLSTool: Tool {
    public let name = "tls"
    public let summary = "certificates, verdict and versions of a TLS server"

    public init() {}

    public func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> TLSParameters {
        TLSParameters(&reader)
    }

    public func run(_ target: Host, _ parameters: TLSParameters, in context: ProbeContext) async -> ProbeOutcome {
        var probe = TLSProbe(target, parameters, context)
        return await probe.run()
    }
}
