import ProbeBackend
import ProbeNative
import ProbeTesting

extension ManualTime {
    /// This time as the backend's clock.
    var backendClock: BackendClock {
        BackendClock(
            wallMilliseconds: { self.wallTime.nanoseconds / 1_000_000 },
            monotonicMilliseconds: { self.now.nanoseconds / 1_000_000 },
            sleep: { try await self.sleep(until: self.now + $0) })
    }
}
