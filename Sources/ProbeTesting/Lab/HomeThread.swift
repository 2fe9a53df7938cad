import Foundation
import Glibc
import ProbeNative

/// A thread in the machine's own network, through which everything goes that wakes a test from inside a lab.
///
/// A thread of the lab that resumes a continuation may make the runtime start a worker thread, and a new thread lives
/// in the namespace of the one that started it. Whatever runs on that worker later, and each program that it starts, would
/// be in a network that is about to be taken down.
public final class HomeThread: Sendable {
    public static let shared = HomeThread()

    private let queue = Locked<[@Sendable () -> Void]>([])
    private let arrivals = DispatchSemaphore(value: 0)

    private init() {
        Thread { [self] in
            Self.enter()
            while true {
                arrivals.wait()
                let body = queue.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                body?()
            }
        }.start()
    }

    /// Runs `body` on this thread, soon.
    public func perform(_ body: @escaping @Sendable () -> Void) {
        queue.withLock { $0.append(body) }
        arrivals.signal()
    }

    /// Brings the calling thread to the machine's own network, which is that of the process's first thread. Nothing
    /// happens without the right to do so: then there are no labs either.
    static func enter() {
        let namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)
        guard namespace >= 0 else { return }
        defer { close(namespace) }
        _ = NetworkNamespace.enter(namespace)
    }
}

/// setns(2), which Glibc's Swift module does not show.
enum NetworkNamespace {
    static func enter(_ descriptor: Int32) -> Bool {
        typealias SetNS = @convention(c) (Int32, Int32) -> Int32
        guard let symbol = dlsym(nil, "setns") else { return false }
        return unsafeBitCast(symbol, to: SetNS.self)(descriptor, 0) == 0
    }
}

extension Engine {
    /// As `run`, for an engine whose threads live in a lab.
    public func runInLab(
        _ probe: PreparedProbe, timeout: Duration? = nil, progress: (@Sendable (any Report) -> Void)? = nil
    ) async -> ProbeResult {
        let deadline = time.now + (timeout ?? probe.defaultTimeout)
        return await withCheckedContinuation { continuation in
            start(probe, deadline: deadline, progress: progress) { result in
                HomeThread.shared.perform { continuation.resume(returning: result) }
            }
        }
    }
}
