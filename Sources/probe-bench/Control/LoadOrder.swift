/// What `control` is told to send, one JSON object a line.
struct LoadOrder: Decodable, Sendable {
    /// Its number, which is in every request_id and in the result.
    var run: Int
    /// Jobs take turns among these.
    var kinds: [JobKind]
    /// Jobs without an answer at once.
    var window: Int
    /// Ends after so many jobs.
    var jobs: Int?
    /// Sends nothing more after so many seconds.
    var seconds: Double?
    /// Jobs a second, evenly; without it, as fast as the window allows.
    var rate: Double?
    /// Seconds at the start whose answers do not count.
    var warmUp: Double?
}

/// How a run went.
struct LoadTally: Encodable, Sendable {
    struct Kind: Encodable, Sendable {
        var name: String
        /// From writing the job to reading its answer, in milliseconds.
        var turnaround: Distribution.Summary?
        /// Of the kind's `field`.
        var field: Distribution.Summary?
        var wrong: Int
        var wrongExample: String?
    }

    var event = "run_done"
    var run: Int
    /// Sent and answered, with the warm-up.
    var sent: Int
    var answered: Int
    var repeated: Int
    /// Answers within the measured time, and its length.
    var measured: Int
    var seconds: Double
    var jobsPerSecond: Double
    var wrong: Int
    /// The most that were sent later than `rate` wanted, in milliseconds.
    var worstSendDelay: Double
    var kinds: [Kind]
    var failure: String?
}
