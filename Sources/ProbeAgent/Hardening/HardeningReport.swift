/// What a process gave up at start-up.
public struct HardeningReport: Sendable, Hashable {
    public struct Measure: Sendable, Hashable {
        /// One word of the field: `capabilities`, `no_new_privs`, `seccomp`, `landlock`.
        public var name: String
        public var state: State
    }

    public enum State: Sendable, Hashable, CustomStringConvertible {
        /// In force, with what there is to say about it.
        case applied(String)
        /// Why it is not in force.
        case unavailable(String)

        public var description: String {
            switch self {
            case .applied(let detail): detail
            case .unavailable(let reason): "not available: \(reason)"
            }
        }
    }

    public internal(set) var measures: [Measure] = []

    public subscript(name: String) -> State? { measures.first { $0.name == name }?.state }

    /// True when nothing is missing.
    public var isComplete: Bool {
        measures.allSatisfy { if case .applied = $0.state { true } else { false } }
    }
}
