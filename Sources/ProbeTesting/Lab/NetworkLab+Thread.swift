import Glibc

extension NetworkLab {
    /// Runs `body` on a new thread that lives in one of the namespaces. Sockets that it opens belong there, and so do
    /// threads that it starts: an engine made in `body` probes the lab from inside the test process.
    public func onThread<Result: Sendable>(
        of side: Side = .near, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await namespace(side).onThread(body)
    }
}

/// A thread that ends with its work, for what the kernel keeps per thread (namespaces, capabilities).
public enum OwnThread {
    public struct NoThread: Error {
        public let errno: Int32
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    public static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        // Made here, not on the new thread: it would inherit what that thread lost.
        let home = HomeThread.shared
        return try await withCheckedThrowingContinuation { continuation in
            let work = Work {
                let result = Swift.Result { try body() }
                home.perform { continuation.resume(with: result) }
            }
            var thread = pthread_t()
            let passed = Unmanaged.passRetained(work)
            let status = pthread_create(
                &thread, nil,
                { argument in
                    if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
                    return nil
                }, passed.toOpaque())
            guard status == 0 else {
                passed.release()
                return continuation.resume(throwing: NoThread(errno: status))
            }
            pthread_detach(thread)
        }
    }
}
