import ProbeNative

/// CPU and memory use since it was last asked.
final class LoadMeter: Sendable {
    private struct Last {
        var sample: SystemLoad.Sample
        var at: Instant
    }

    private let load: SystemLoad
    private let time: any TimeSource
    private let last: Locked<Last?>

    init(time: any TimeSource, processors: Int, root: String = "") {
        self.time = time
        load = SystemLoad(root: root, processors: processors)
        last = Locked(load.sample().map { Last(sample: $0, at: time.now) })
    }

    /// Percent; 0 where the kernel's files cannot be read.
    func usage() -> (cpu: Double, memory: Double) {
        guard let sample = load.sample() else { return (0, 0) }
        let now = time.now
        return last.withLock { last in
            let old = last ?? Last(sample: sample, at: now)
            last = Last(sample: sample, at: now)
            return SystemLoad.usage(from: old.sample, to: sample, interval: now - old.at)
        }
    }
}
