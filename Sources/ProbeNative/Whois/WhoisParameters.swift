public struct WhoisParameters: Sendable {
    public enum RDAP: String, Sendable { case off = "false", only = "true", first = "auto" }

    /// Where to begin; nil: whois.iana.org.
    var server: WhoisServer?
    /// The registry's RDAP service, so that none has to be looked for.
    var service: HTTPURL?
    var follows: Bool
    var rdap: RDAP
    /// The folder of IANA's lists of RDAP services.
    var bootstrap: HTTPURL?

    static let bootstrapDefault = "https://data.iana.org/rdap/"

    init(_ reader: inout ParameterReader) {
        let given = reader.optionalText(
            "server", limit: 2048,
            help: "whois server: host or host:port, or the URL of an RDAP service (default: found from IANA down)")
        follows = reader.flag("follow", default: true, help: "follow referrals, 4 at most")
        rdap = Self.rdap(&reader)
        let folder =
            reader.optionalText(
                "rdap_bootstrap", limit: 2048, help: "URL of the folder that lists the RDAP services",
                shown: Self.bootstrapDefault) ?? Self.bootstrapDefault
        bootstrap = Self.url("rdap_bootstrap", folder, &reader)
        if let given { readServer(given, &reader) }
    }

    private static func rdap(_ reader: inout ParameterReader) -> RDAP {
        let choices = ["false", "true", "auto"]
        let value = reader.value(
            "rdap", .choice(choices), help: "ask by RDAP: true; auto: by whois where that fails", shown: "false")
        switch value {
        case nil: return .off
        case .bool(let flag)?: return flag ? .only : .off
        case .string(let text)?:
            if let choice = RDAP(rawValue: text.lowercased()) { return choice }
            fallthrough
        default:
            reader.refuse("rdap", value ?? .null, "one of " + choices.joined(separator: ", "))
            return .off
        }
    }

    private mutating func readServer(_ text: String, _ reader: inout ParameterReader) {
        if text.lowercased().hasPrefix("http://") || text.lowercased().hasPrefix("https://") {
            service = Self.url("server", text, &reader)
            if rdap == .off { reader.refuse("server is the URL of an RDAP service: set rdap to true or auto.") }
            return
        }
        server = WhoisServer(text)
        if server == nil { reader.refuse("server", .string(text), "a host, host:port, [IPv6]:port or a URL") }
        if rdap == .only { reader.refuse("server must be the URL of an RDAP service when rdap is true.") }
    }

    /// A folder: with a final slash, so that names can be put behind it.
    private static func url(_ name: String, _ text: String, _ reader: inout ParameterReader) -> HTTPURL? {
        do throws(InvalidInput) {
            let url = try HTTPURL(target: text)
            guard !url.text.contains("?") else { throw InvalidInput("it has a query") }
            return url.text.hasSuffix("/") ? url : try HTTPURL(target: url.text + "/")
        } catch {
            reader.refuse(name, .string(text), "an http or https URL without a query")
            return nil
        }
    }
}
