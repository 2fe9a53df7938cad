import Glibc

/// A value behind a lock; the shape of `Synchronization.Mutex`, on a pthread mutex.
///
/// ThreadSanitizer sees no order in what Swift's own `Mutex` protects once two threads wait for it
/// (its futex path lies in a library that is not instrumented), and so reports every such access as
/// a race. It knows pthread mutexes, and a sanitizer run that is always red finds nothing.
public final class Locked<Value: ~Copyable>: @unchecked Sendable {
    // Sendable, because the value is reached only under the mutex.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    public init(_ initial: consuming sending Value) {
        mutex = .allocate(capacity: 1)
        value = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        value.initialize(to: initial)
        let code = pthread_mutex_init(mutex, nil)
        precondition(code == 0, "pthread_mutex_init: \(code)")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        value.deinitialize(count: 1)
        value.deallocate()
    }

    public func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value.pointee)
    }
}
