/// The parameters of the tls tool.
public struct TLSParameters: Sendable {
    public var port: UInt16
    /// Nil: the target's own name.
    public var serverName: Host?
    public var sendsServerName: Bool
    public var alpn: [String]
    public var startTLS: StartTLSProtocol?
    public var minimum: TLSVersion?
    public var maximum: TLSVersion?
    public var scansVersions: Bool
    public var trust: TrustStore?

    init(_ reader: inout ParameterReader) {
        let port = reader.optionalInteger(
            "port", in: 1...65535, help: "TCP port (default: 443, or the protocol's own with starttls)")
        let name = Self.serverName(&reader)
        (serverName, sendsServerName) = (name.host, name.isSent)
        alpn = Self.alpn(&reader)
        startTLS = reader.optionalChoice(
            "starttls", of: StartTLSProtocol.allCases.map(\.rawValue), help: "begin TLS in this protocol"
        ).flatMap(StartTLSProtocol.init(rawValue:))
        self.port = port.map { UInt16($0) } ?? startTLS?.port ?? 443
        let versions = TLSVersion.allCases.map(\.number)
        minimum = reader.optionalChoice("min_version", of: versions, help: "lowest version to offer (default: 1.0)")
            .flatMap(TLSVersion.init(number:))
        maximum = reader.optionalChoice("max_version", of: versions, help: "highest version to offer (default: 1.3)")
            .flatMap(TLSVersion.init(number:))
        if let minimum, let maximum, minimum > maximum {
            reader.refuse("min_version \(minimum.number) is above max_version \(maximum.number).")
        }
        scansVersions = reader.flag(
            "versions", default: false, help: "try each version from 1.0 to 1.3 by a connection of its own")
        trust = reader.trustStore("ca_pem")
    }

    func options(from minimum: TLSVersion?, to maximum: TLSVersion?) -> TLSOptions {
        var options = TLSOptions(.measuring, alpn: alpn, trust: trust)
        options.serverName = serverName
        options.sendsServerName = sendsServerName
        options.minimum = minimum
        options.maximum = maximum
        options.asksForStaple = true
        return options
    }

    private static func serverName(_ reader: inout ParameterReader) -> (host: Host?, isSent: Bool) {
        guard
            let text = reader.optionalText(
                "sni", limit: 253,
                help: "name to ask for and to look for in the certificate; empty: ask for none (default: the target)")
        else { return (nil, true) }
        guard !text.isEmpty else { return (nil, false) }
        if let host = try? Host(text), case .name = host { return (host, true) }
        reader.refuse("sni", .string(text), "a host name, or empty")
        return (nil, true)
    }

    private static func alpn(_ reader: inout ParameterReader) -> [String] {
        guard let value = reader.value("alpn", .list, help: "protocols to offer by ALPN, the preferred first") else {
            return []
        }
        let names: [String?] =
            switch value {
            case .string(let text): text.split(separator: ",").map { String($0) }
            case .array(let elements): elements.map { if case .string(let text) = $0 { text } else { nil } }
            default: [nil]
            }
        let isGood = names.count <= 16 && names.allSatisfy { $0.map { (1...255).contains($0.utf8.count) } == true }
        if !isGood { reader.refuse("alpn", value, "a list of at most 16 names of 1 to 255 bytes") }
        return isGood ? names.compactMap { $0 } : []
    }
}

extension ParameterReader {
    /// Authorities to trust instead of the system's; nil when none are given.
    mutating func trustStore(_ name: String) -> TrustStore? {
        let help = "PEM certificates of the authorities to trust instead of the system's"
        guard let pem = optionalText(name, limit: 256 << 10, multiline: true, help: help) else { return nil }
        do throws(InvalidInput) { return try TrustStore(pem: pem, parameter: name) } catch {
            refuse(error.detail, code: error.code)
            return nil
        }
    }
}
