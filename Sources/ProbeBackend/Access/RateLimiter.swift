import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers

/// How many requests one key may make.
public struct RequestLimits: Sendable {
    /// On average, a second.
    public var rate = 50.0
    /// At once, after a pause.
    public var burst = 200.0

    public init(rate: Double = 50, burst: Double = 200) {
        self.rate = rate
        self.burst = burst
    }

    func times(_ factor: Double) -> RequestLimits { RequestLimits(rate: rate * factor, burst: burst * factor) }
}

/// A token bucket for each key or session, on the monotonic clock, in this process.
final class RateLimiter: Sendable {
    private static let mostBuckets = 10_000

    private struct Bucket {
        var tokens: Double
        var filledAt: Int64
        let limits: RequestLimits

        mutating func fill(at now: Int64) {
            tokens = min(limits.burst, tokens + Double(now - filledAt) / 1000 * limits.rate)
            filledAt = now
        }
    }

    private let buckets = NIOLockedValueBox([[UInt8]: Bucket]())
    private let clock: BackendClock

    init(clock: BackendClock) {
        self.clock = clock
    }

    /// Nil: go on. Otherwise how many seconds it takes until the next one may.
    func take(_ key: SecretDigest, _ limits: RequestLimits) -> Double? {
        let now = clock.monotonicMilliseconds()
        return buckets.withLockedValue { buckets in
            if buckets.count >= Self.mostBuckets { Self.forgetIdle(&buckets, at: now) }
            var bucket = buckets[key.bytes] ?? Bucket(tokens: limits.burst, filledAt: now, limits: limits)
            bucket.fill(at: now)
            defer { buckets[key.bytes] = bucket }
            guard bucket.tokens >= 1 else { return (1 - bucket.tokens) / limits.rate }
            bucket.tokens -= 1
            return nil
        }
    }

    var count: Int { buckets.withLockedValue(\.count) }

    /// A full bucket is as good as none. When all are in use the oldest go: they are a stranger's guesses.
    private static func forgetIdle(_ buckets: inout [[UInt8]: Bucket], at now: Int64) {
        for (key, var bucket) in buckets {
            bucket.fill(at: now)
            if bucket.tokens >= bucket.limits.burst { buckets[key] = nil }
        }
        guard buckets.count >= mostBuckets else { return }
        for key in buckets.sorted(by: { $0.value.filledAt < $1.value.filledAt }).prefix(mostBuckets / 2).map(\.key) {
            buckets[key] = nil
        }
    }
}

/// Asks the bucket before anything else is asked: a key that is over its limit costs no look into the store.
struct RateLimitMiddleware: RouterMiddleware {
    private static let adminFactor = 10.0

    let limiter: RateLimiter
    let limits: RequestLimits
    let authenticator: Authenticator

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        if let credential = Credential(request) { try take(credential.digest) }
        return try await next(request, context)
    }

    func take(_ digest: SecretDigest) throws {
        let limits = authenticator.isAdminToken(digest) ? limits.times(Self.adminFactor) : limits
        if let wait = limiter.take(digest, limits) { throw RateLimited(retryAfter: Int(wait.rounded(.up))) }
    }
}

/// Too many requests.
struct RateLimited: Error {
    /// Seconds, at least 1.
    let retryAfter: Int

    init(retryAfter: Int) {
        self.retryAfter = max(1, retryAfter)
    }

    func response() -> Response {
        var response = Problem(
            status: .tooManyRequests, code: "rate_limited",
            detail: "This key has made too many requests; the next is welcome in \(retryAfter) s."
        ).response()
        response.headers[.retryAfter] = "\(retryAfter)"
        return response
    }
}
