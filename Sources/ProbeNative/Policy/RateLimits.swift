/// How often a second jobs may turn to one address, to its network (/24 or /48) and to any address at all. Zero: as often
/// as they like.
public struct RateLimits: Sendable, Hashable {
    /// Far above what a fleet asks of one node; far below what would hurt a host.
    public var address = 50.0
    public var network = 500.0
    public var node = 0.0

    public init() {}
}

/// A token bucket for each address and network and one for the node, ten seconds deep. A bucket is the one instant at
/// which it would be full again (the virtual scheduling of the generic cell rate algorithm, ITU-T I.371 annex A): a full
/// one needs no memory.
public final class RateLimiter: Sendable {
    private enum Scope {
        case address, network, node

        func name(of address: IPAddress) -> String {
            switch self {
            case .address: "\(address)"
            case .network: "the network of \(address)"
            case .node: "this node"
            }
        }
    }

    private struct Bucket: Hashable {
        var scope: Scope
        var address: IPAddress
    }

    private static let depth = Duration.seconds(10)
    /// Buckets that are not full, at most. Beyond it, which takes thousands of targets a second, all is refused that has
    /// no bucket yet.
    private static let most = 65_536

    private let limits: RateLimits
    private let fullAt = Locked([Bucket: Instant]())

    public init(_ limits: RateLimits) { self.limits = limits }

    /// Takes a token from each bucket of `address`, or from none; a sentence when one is empty.
    public func refusal(of address: IPAddress, at now: Instant) -> String? {
        let address = address.isOnlyCarrier ? address.embedded[0] : address.withoutZone
        let buckets = [
            (Bucket(scope: .address, address: address), limits.address),
            (Bucket(scope: .network, address: address.network), limits.network),
            (Bucket(scope: .node, address: IPAddress(v4: 0)), limits.node),
        ]
        return fullAt.withLock { fullAt in
            if fullAt.count >= Self.most { fullAt = fullAt.filter { $0.value > now } }
            var taken: [(Bucket, Instant)] = []
            for (bucket, rate) in buckets where rate > 0 {
                let known = fullAt[bucket]
                let next = max(known ?? now, now) + Duration.seconds(1) / rate
                guard next - now <= Self.depth, known != nil || fullAt.count < Self.most else {
                    return "The limit of \(bucket.scope.name(of: address)), \(rate) a second, is used up."
                }
                taken.append((bucket, next))
            }
            for (bucket, next) in taken { fullAt[bucket] = next }
            return nil
        }
    }
}

extension IPAddress {
    /// The /24 or /48 that it is in.
    fileprivate var network: IPAddress {
        family == .v4 ? IPAddress(v4: UInt32(low) & 0xffff_ff00) : IPAddress(v6High: high & ~0xffff, low: 0)
    }
}
