import DequeModule

/// A name and what is looked up for it.
struct LookupKey: Hashable, Sendable {
    enum Wanted: Hashable, Sendable {
        case addresses(IPAddress.Family)
        /// PTR, of an address's name under in-addr.arpa or ip6.arpa.
        case names
    }

    /// Lower case, without a final dot.
    var name: String
    var wanted: Wanted

    init(name: String, family: IPAddress.Family) {
        self.name = name
        wanted = .addresses(family)
    }

    init(naming address: IPAddress) {
        name = String(address.reverseName.description.dropLast())
        wanted = .names
    }

    var type: DNSRecordType {
        switch wanted {
        case .addresses(let family): family == .v4 ? .a : .aaaa
        case .names: .ptr
        }
    }
}

/// What the servers said about a name.
enum LookupAnswer: Hashable, Sendable {
    case addresses([IPAddress])
    /// Without their final dots.
    case names([String])
    /// The name exists, with no such records.
    case noData
    case noSuchName
    case failed(ProbeFailure)

    var addresses: [IPAddress] { if case .addresses(let list) = self { list } else { [] } }

    /// For people.
    var summary: String {
        switch self {
        case .addresses(let list): list.map(\.description).joined(separator: ", ")
        case .names(let names): names.joined(separator: ", ")
        case .noData: "no such record"
        case .noSuchName: "no such name"
        case .failed(let failure): failure.code.rawValue
        }
    }
}

/// Answers for as long as they may be kept, in a bounded number: the oldest gives way. Failures are not kept.
struct ResolverCache {
    private struct Entry {
        var answer: LookupAnswer
        var expires: Instant
        var serial: Int
    }

    /// An hour: a prober should see what has changed, whatever TTL it once had.
    static let longestPositive = Duration.seconds(3600)
    /// RFC 2308 section 5 suggests hours; a name that has just been made should be found soon.
    static let longestNegative = Duration.seconds(300)

    let limit: Int
    private var entries: [LookupKey: Entry] = [:]
    private var order: Deque<(key: LookupKey, serial: Int)> = []
    private var serial = 0

    init(limit: Int = 4096) { self.limit = limit }

    var count: Int { entries.count }

    func answer(_ key: LookupKey, at now: Instant) -> LookupAnswer? {
        guard let entry = entries[key], now < entry.expires else { return nil }
        return entry.answer
    }

    /// - Parameter lifetime: the records' TTL, or RFC 2308's for a negative answer.
    mutating func keep(_ answer: LookupAnswer, for key: LookupKey, lifetime: Duration, at now: Instant) {
        let longest: Duration
        switch answer {
        case .failed: return
        case .addresses, .names: longest = Self.longestPositive
        case .noData, .noSuchName: longest = Self.longestNegative
        }
        guard lifetime > .zero else { return }
        serial += 1
        entries[key] = Entry(answer: answer, expires: now + min(lifetime, longest), serial: serial)
        order.append((key, serial))
        // Keys that were renewed are in the queue more than once.
        while entries.count > limit || order.count > 2 * limit, let oldest = order.popFirst() {
            if entries[oldest.key]?.serial == oldest.serial { entries[oldest.key] = nil }
        }
    }

    mutating func removeAll() {
        entries.removeAll()
        order.removeAll()
    }
}
