import Dispatch
import Glibc
import ProbeNative

/// A program's standard input, written on a queue of its own: a program that does not read must not
/// stop the test. It is a socket, because a pipe would raise SIGPIPE in the test process.
final class ChildInput: Sendable {
    private let queue = DispatchQueue(label: "child input")
    private let descriptor: Locked<Int32?>

    init(descriptor: Int32) { self.descriptor = Locked(descriptor) }

    deinit { descriptor.withLock { if let open = $0 { Glibc.close(open) } } }

    func write(_ text: String) {
        queue.async { [self] in
            guard let open = descriptor.withLock({ $0 }) else { return }
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                let sent = bytes.withUnsafeBytes { send(open, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard sent > 0 else { return }
                bytes = bytes.dropFirst(sent)
            }
        }
    }

    /// After what was written. `shutdown` at once would also free a writer that waits for the reader.
    func close() {
        queue.async { [self] in
            descriptor.withLock { open in
                if let open { Glibc.close(open) }
                open = nil
            }
        }
    }
}
