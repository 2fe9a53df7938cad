/// What a commit changed, as far as other replicas must look: a wake-up, no more. What changed exactly they ask.
struct StoreNews: OptionSet, Sendable {
    let rawValue: Int

    /// The channel of LISTEN and NOTIFY.
    static let channel = "probeops"

    /// Jobs wait to be sent.
    static let queued = StoreNews(rawValue: 1)
    /// A job was ended that a node has.
    static let ended = StoreNews(rawValue: 2)
    /// Jobs are finished, whichever way.
    static let finished = StoreNews(rawValue: 4)
    /// A node connected, went, was changed or deleted.
    static let nodes = StoreNews(rawValue: 8)

    static let all: StoreNews = [.queued, .ended, .finished, .nodes]
}
