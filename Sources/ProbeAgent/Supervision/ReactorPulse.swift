import ProbeNative

/// Whether the reactors turn: each is asked to answer now and then, also when it has nothing to do.
final class ReactorPulse: Sendable {
    private struct Beat {
        /// When the question was put that has no answer yet.
        var asked: Instant?
        /// How long the last answer took.
        var lag = Duration.zero
        /// Answers that `takeAnswers` has not taken.
        var answers = 0
    }

    private let reactors: [Reactor]
    private let beats: Locked<[Beat]>
    private let time: any TimeSource

    init(_ reactors: [Reactor], time: any TimeSource) {
        self.reactors = reactors
        self.time = time
        beats = Locked(Array(repeating: Beat(), count: reactors.count))
    }

    /// Asks each reactor that has answered the last time.
    func ask() {
        let now = time.now
        for (index, reactor) in reactors.enumerated() {
            let isFree = beats.withLock { beats in
                if beats[index].asked != nil { return false }
                beats[index].asked = now
                return true
            }
            if isFree { reactor.submit { [self] in answer(index) } }
        }
    }

    private func answer(_ index: Int) {
        let now = time.now
        beats.withLock { beats in
            beats[index].lag = beats[index].asked.map { now - $0 } ?? .zero
            beats[index].asked = nil
            beats[index].answers += 1
        }
    }

    /// Of each reactor how long its last answer took, or has taken by now.
    var lags: [Duration] {
        let now = time.now
        return beats.withLock { beats in beats.map { beat in beat.asked.map { max(now - $0, beat.lag) } ?? beat.lag } }
    }

    /// True, once, when every reactor has answered since the last time that this was true.
    func takeAnswers() -> Bool {
        beats.withLock { beats in
            guard beats.allSatisfy({ $0.answers > 0 }) else { return false }
            for index in beats.indices { beats[index].answers = 0 }
            return true
        }
    }
}
