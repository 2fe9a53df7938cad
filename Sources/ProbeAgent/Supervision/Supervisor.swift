import ProbeNative

/// Asks the reactors whether they turn, and passes that and the node's state on to the service manager.
struct Supervisor: Sendable {
    /// How often the reactors are asked, at least.
    private static let interval = Duration.seconds(1)

    var pulse: ReactorPulse
    var notifier: ServiceNotifier?
    var time: any TimeSource
    /// One sentence for `systemctl status`.
    var sentence: @Sendable () -> String

    /// Until its task is cancelled. The watchdog is fed twice in its time, but only when every reactor has answered since:
    /// one that hangs keeps jobs for ever, and nothing but a new process helps. An absent backend is no reason.
    func run() async throws {
        let half = notifier?.watchdog.map { $0 / 2 }
        let interval = min(Self.interval, half.map { $0 / 2 } ?? Self.interval)
        var nextFood = time.now
        var said = ""
        while true {
            pulse.ask()
            try await time.sleep(for: interval)
            guard let notifier else { continue }
            if let half, time.now >= nextFood, pulse.takeAnswers() {
                notifier.alive()
                nextFood = time.now + half
            }
            let sentence = sentence()
            if sentence != said { notifier.status(sentence) }
            said = sentence
        }
    }
}
