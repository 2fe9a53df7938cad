/// IANA's list of the RDAP services of one kind of registration (RFC 9224).
struct RDAPServices: Sendable {
    /// Keys (top-level domains, prefixes, ranges) and the URLs of the services that have them.
    private let services: [(keys: [String], urls: [String])]

    /// Nil when it is not such a list.
    init?(_ document: ParameterValue) {
        guard case .array(let entries)? = document["services"] else { return nil }
        services = entries.map { entry in
            let parts = entry.elements
            return (
                parts.first?.elements.compactMap(\.text) ?? [],
                parts.dropFirst().first?.elements.compactMap(\.text) ?? []
            )
        }
    }

    /// The list that has `target`, as IANA names it.
    static func listName(for target: WhoisTarget) -> String {
        switch target {
        case .domain: "dns.json"
        case .address(let address): address.family == .v4 ? "ipv4.json" : "ipv6.json"
        case .autonomousSystem: "asn.json"
        }
    }

    /// The service whose key fits best, by https where it can be chosen; nil when no key fits.
    func service(for target: WhoisTarget) -> String? {
        var best: (length: Int, urls: [String])?
        for (keys, urls) in services {
            for key in keys {
                guard let length = Self.fit(key, target), length > best?.length ?? -1 else { continue }
                best = (length, urls)
            }
        }
        return best.flatMap { best in best.urls.first { $0.hasPrefix("https://") } ?? best.urls.first }
    }

    /// How closely a key fits: labels, bits of prefix, or the narrowness of a range. Nil: not at all.
    static func fit(_ key: String, _ target: WhoisTarget) -> Int? {
        switch target {
        case .domain(let name):
            let key = key.lowercased()
            guard key.isEmpty || name == key || name.hasSuffix("." + key) else { return nil }
            return key.isEmpty ? 0 : key.utf8.count { $0 == UInt8(ascii: ".") } + 1
        case .address(let address):
            let parts = key.split(separator: "/")
            guard parts.count == 2, let network = IPAddress(parts[0]), let length = Int(parts[1]),
                network.family == address.family, (0...(address.family == .v4 ? 32 : 128)).contains(length),
                Self.agree(network, address, in: length)
            else { return nil }
            return length
        case .autonomousSystem(let number):
            let ends = key.split(separator: "-").compactMap { UInt32($0) }
            guard let first = ends.first, let last = ends.last, first <= last, (first...last).contains(number) else {
                return nil
            }
            return Int(UInt32.max - (last - first))
        }
    }

    /// Whether the highest `length` bits of two addresses of a family are the same.
    private static func agree(_ a: IPAddress, _ b: IPAddress, in length: Int) -> Bool {
        if a.family == .v4 { return (a.low ^ b.low) >> UInt64(32 - length) == 0 }
        if length <= 64 { return (a.high ^ b.high) >> UInt64(64 - length) == 0 }
        return a.high == b.high && (a.low ^ b.low) >> UInt64(128 - length) == 0
    }
}

/// The lists that were read lately: they change a few times a year.
final class RDAPBootstrap: ReactorLocal {
    private static let lifetime = Duration.seconds(3600)
    private static let mostLists = 8

    private var lists: [String: (services: RDAPServices, readAt: Instant)] = [:]

    init(reactor: Reactor) {}

    func list(_ url: String, at now: Instant) -> RDAPServices? {
        guard let kept = lists[url], now - kept.readAt < Self.lifetime else { return nil }
        return kept.services
    }

    func keep(_ services: RDAPServices, of url: String, at now: Instant) {
        if lists.count >= Self.mostLists, lists[url] == nil { lists.removeAll() }
        lists[url] = (services, now)
    }
}
