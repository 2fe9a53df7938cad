import DequeModule

/// What is known about the addresses on a path beside the path itself.
public struct HopFacts: Sendable, Hashable {
    public var names: [IPAddress: String] = [:]
    public var networks: [IPAddress: Int] = [:]
    public init() {}
}

/// Looks hops up while their path is still being traced: their names, and the networks that they belong to. A few at a
/// time. Confined to its reactor's thread.
final class HopNames: @unchecked Sendable {
    // @unchecked: confined to its reactor's thread.

    private static let sideBySide = 16
    /// What the last look-ups may still take when the trace is done.
    private static let patience = Duration.seconds(2)

    private(set) var facts = HopFacts()
    private let wantsNames: Bool
    private let wantsNetworks: Bool
    private let context: ProbeContext
    private var known: Set<IPAddress> = []
    private var wanted: Deque<IPAddress> = []
    private var running = 0
    private var server: WaitToken?
    private var waiter: WaitToken?

    init(names: Bool, networks: Bool, in context: ProbeContext) {
        wantsNames = names
        wantsNetworks = networks
        self.context = context
    }

    /// Runs `body`, and the look-ups that it asks for beside it.
    func during<Result: Sendable>(_ body: @Sendable () async -> Result) async -> Result {
        guard wantsNames || wantsNetworks else { return await body() }
        async let served: Void = serve()
        let result = await body()
        await settle()
        isOver = true
        if let server = server.take() { context.reactor.wake(server) }
        await served
        return result
    }

    private var isOver = false

    func want(_ address: IPAddress) {
        guard wantsNames || wantsNetworks, known.insert(address).inserted else { return }
        wanted.append(address)
        if let server = server.take() { context.reactor.wake(server) }
    }

    private func serve() async {
        await withDiscardingTaskGroup { group in
            while !isOver {
                while running < Self.sideBySide, let address = wanted.popFirst() {
                    running += 1
                    group.addTask { await self.lookUp(address) }
                }
                if await context.reactor.park({ server = $0 }) == .cancelled { break }
            }
            group.cancelAll()
        }
    }

    /// Waits for what is asked for already, for a while.
    private func settle() async {
        let end = min(context.deadline, context.now + Self.patience)
        while running > 0 || !wanted.isEmpty {
            guard await context.reactor.park(until: end, { waiter = $0 }) == .ready else { return }
        }
    }

    private func lookUp(_ address: IPAddress) async {
        async let network = network(of: address)
        if wantsNames {
            let names = try? await context.resolver.names(
                of: address, tool: context.tool, until: context.deadline, for: context.span)
            if let name = names?.first { facts.names[address] = name }
        }
        if let number = await network { facts.networks[address] = number }
        running -= 1
        for token in [server.take(), waiter.take()] { if let token { context.reactor.wake(token) } }
    }

    private func network(of address: IPAddress) async -> Int? {
        guard wantsNetworks, let name = OriginNetwork.question(for: address),
            let reply = try? await ask(name)
        else { return nil }
        return reply.records(in: .answer).lazy.filter { $0.type == "TXT" }.compactMap {
            OriginNetwork.number(in: $0.value)
        }.first
    }

    private func ask(_ name: DNSName) async throws(ProbeFailure) -> DNSAnswer {
        var rounds = context.resolver.rounds(tool: context.tool)
        rounds.span = context.span
        return try await rounds.reply(to: name, .text).reply.answer
    }
}

/// The network that announces an address, by the TXT records of origin.asn.cymru.com ("AS | prefix | country | registry
/// | date"). Asked only where a job wants it: it tells an outside service which addresses are on the path.
enum OriginNetwork {
    /// Nil for addresses that mean nothing outside of their own network.
    static func question(for address: IPAddress) -> DNSName? {
        guard address.isGloballyReachable else { return nil }
        let reversed = address.reverseName.description
        guard let suffix = ["in-addr.arpa.", "ip6.arpa."].first(where: reversed.hasSuffix) else { return nil }
        let zone = address.family == .v4 ? "origin.asn.cymru.com" : "origin6.asn.cymru.com"
        return DNSName(ascii: reversed.dropLast(suffix.count) + zone)
    }

    /// Of several announcers the first.
    static func number(in text: String) -> Int? {
        let digits = text.drop { $0 == "\"" || $0 == " " }.prefix { $0.isNumber }
        return Int(digits)
    }
}

extension IPAddress {
    /// False for private, shared, loopback, link-local and unique local addresses (RFC 6890).
    var isGloballyReachable: Bool {
        guard family == .v4 else {
            return !isLoopback && high >> 57 != 0xfc >> 1 && high >> 54 != 0xfe80 >> 6 && high != 0
        }
        let networks: [(UInt64, Int)] = [
            (0, 8), (10 << 24, 8), (100 << 24 | 64 << 16, 10), (127 << 24, 8), (169 << 24 | 254 << 16, 16),
            (172 << 24 | 16 << 16, 12), (192 << 24 | 168 << 16, 16),
        ]
        return !networks.contains { low >> UInt64(32 - $0.1) == $0.0 >> UInt64(32 - $0.1) }
    }
}

extension DNSRecordType {
    fileprivate static let text = DNSRecordType(rawValue: 16)
}
