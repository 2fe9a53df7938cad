/// Counts a response's body, and keeps it where a job asks for it.
struct ResponseBody: Sendable {
    let limit: Int
    /// How much of it is kept.
    let keptLimit: Int
    /// Decoded, up to `limit`.
    private(set) var count = 0
    private(set) var kept: [UInt8] = []
    /// More came than `limit`; the transfer ends there.
    private(set) var isTruncated = false

    init(limit: Int, keeping keptLimit: Int) {
        self.limit = limit
        self.keptLimit = keptLimit
    }

    /// False when the limit is reached and the transfer is to end. A compressed body comes in pieces of at most 16 KiB
    /// of what it decodes to, so a bomb ends here before it has done harm.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let fitting = min(bytes.count, limit - count)
        count += fitting
        if kept.count < keptLimit { kept.append(contentsOf: bytes.prefix(min(fitting, keptLimit - kept.count))) }
        if fitting < bytes.count { isTruncated = true }
        return !isTruncated
    }

    /// The body as it came over the network has reached the limit, whatever it decodes to.
    mutating func truncate() { isTruncated = true }
}
