import DequeModule
import ProbeNative

/// Answers that the backend has, kept for a while so that a job sent twice is answered twice and run once.
struct KeptAnswers {
    static let longest = Duration.seconds(600)
    static let most = 10_000
    static let mostBytes = 64 << 20

    private var answers: [String: (bytes: [UInt8], at: Instant)] = [:]
    private var order: Deque<(requestID: String, at: Instant)> = []
    private(set) var bytes = 0

    var count: Int { answers.count }

    mutating func keep(_ requestID: String, _ answer: [UInt8], at now: Instant) {
        if let old = answers[requestID] { bytes -= old.bytes.count }
        answers[requestID] = (answer, now)
        bytes += answer.count
        order.append((requestID, now))
        trim(at: now)
    }

    mutating func find(_ requestID: String, at now: Instant) -> [UInt8]? {
        trim(at: now)
        return answers[requestID]?.bytes
    }

    private mutating func trim(at now: Instant) {
        while let first = order.first,
            now - first.at >= Self.longest || order.count > Self.most || bytes > Self.mostBytes
        {
            order.removeFirst()
            // Kept again since then: its newer place in the order counts.
            guard let answer = answers[first.requestID], answer.at == first.at else { continue }
            bytes -= answer.bytes.count
            answers[first.requestID] = nil
        }
    }
}
