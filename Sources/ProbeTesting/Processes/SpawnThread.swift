import Foundation
import Synchronization

/// The one thread that starts processes, alive as long as the test process.
///
/// Servers are started under `setpriv --pdeathsig KILL`, so that they cannot outlive a crashed test
/// process. The kernel sends that signal when the *thread* that forked ends, and threads of the
/// cooperative pool do end while the process lives on.
final class SpawnThread: Sendable {
    static let shared = SpawnThread()

    private let jobs = Mutex<[@Sendable () -> Void]>([])
    private let available = DispatchSemaphore(value: 0)

    private init() {
        Thread.detachNewThread { [self] in
            while true {
                available.wait()
                let job = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                job?()
            }
        }
    }

    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            jobs.withLock { $0.append { continuation.resume(with: Result(catching: body)) } }
            available.signal()
        }
    }
}
