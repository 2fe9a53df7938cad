import HeapModule

/// How busy a node is, and what one more job would make it.
struct NodeLoad: Sendable, Comparable {
    let node: String
    /// `current_load` of its last heartbeat, 0 to 1: what it is busy with besides our jobs shows only there.
    var reported: Double
    /// Those that it has, and those it is about to get.
    var jobs: Int
    var maxConcurrent: Int

    private var load: Double { reported + Double(jobs) / Double(max(1, maxConcurrent)) }

    /// Of equally loaded nodes the one that can do more comes first.
    static func < (one: NodeLoad, other: NodeLoad) -> Bool {
        (one.load, other.maxConcurrent, one.node) < (other.load, one.maxConcurrent, other.node)
    }

    /// A node for each of `count` jobs: each time the least loaded, with what it was given before. Empty when there
    /// are no nodes.
    static func spread(_ count: Int, over nodes: [NodeLoad]) -> [String] {
        guard !nodes.isEmpty else { return [] }
        var heap = Heap(nodes)
        return (0..<count).compactMap { _ in
            guard var least = heap.popMin() else { return nil }
            least.jobs += 1
            heap.insert(least)
            return least.node
        }
    }
}
