import Synchronization

/// The reactors of a node: one a core, at most four. A job lives on one of them from start to end.
public final class ReactorGroup: Sendable {
    public let reactors: [Reactor]
    private let turn = Atomic<Int>(0)

    /// One a core, at most four.
    public static var defaultCount: Int { min(4, Syscalls.processorCount) }

    /// Makes the reactors and starts their threads.
    /// - Throws: what the kernel says when it gives no descriptor or thread.
    public init(count: Int? = nil, time: any TimeSource = SystemTime()) throws(Errno) {
        var reactors: [Reactor] = []
        for index in 0..<(count ?? Self.defaultCount) {
            reactors.append(try Reactor(index: index, time: time))
        }
        self.reactors = reactors
        do throws(Errno) { for reactor in reactors { try reactor.start() } } catch {
            stop()
            throw error
        }
    }

    /// The next one in turn: jobs are many and alike, so turns spread them as well as counting would.
    public func next() -> Reactor {
        reactors[turn.wrappingAdd(1, ordering: .relaxed).oldValue % reactors.count]
    }

    public func stop() { for reactor in reactors { reactor.stop() } }
}
