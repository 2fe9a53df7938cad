/// Which address family a probe uses.
public enum FamilyChoice: String, Sendable, Hashable {
    case any
    case v4 = "4"
    case v6 = "6"

    public func allows(_ family: IPAddress.Family) -> Bool {
        switch self {
        case .any: true
        case .v4: family == .v4
        case .v6: family == .v6
        }
    }
}

/// The parameters that every tool takes.
public struct CommonParameters: Sendable {
    public var family: FamilyChoice
    /// Measure each family and put the results side by side.
    public var bothFamilies: Bool
    public var source: Gate.Source?
    /// A synonym of the job's own timeout.
    public var timeout: Duration?

    init(_ reader: inout ParameterReader) {
        let version = reader.optionalChoice(
            "ip_version", of: ["4", "6", "both"],
            help: "address family; both measures each (default: what the name has, IPv4 first)")
        family = version.flatMap(FamilyChoice.init(rawValue:)) ?? .any
        bothFamilies = version == "both"
        timeout = reader.optionalNumber(
            "timeout", in: 0.1...600, unit: "s",
            help: "deadline of the whole diagnostic (default: 30, or what it needs)"
        ).map { .seconds(fromDouble: $0) }
        source = reader.optionalText("source", limit: 64, help: "local address or interface to send from").map { text in
            IPAddress(text).map(Gate.Source.address) ?? .interface(text)
        }
        if case .interface(let name) = source, name.utf8.count > 15 || name.contains("/") || name.isEmpty {
            reader.refuse("source", .string(name), "an IP address or the name of an interface")
        }
    }
}
