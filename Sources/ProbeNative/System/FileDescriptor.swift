/// An owned descriptor: closed once, when its owner ends.
public struct FileDescriptor: ~Copyable, Sendable {
    public let number: Int32

    /// Takes over `number`, which nobody else may close.
    public init(owning number: Int32) { self.number = number }

    deinit { Syscalls.close(number) }

    /// Gives the descriptor to a library that closes it.
    public consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }
}
