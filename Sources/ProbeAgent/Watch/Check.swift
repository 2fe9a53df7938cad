import ProbeNative

/// One thing that is watched: a tool, its target and parameters, and when it runs.
public struct Check: Sendable {
    /// What decides when a check runs.
    public struct Timing: Sendable, Hashable {
        /// From one scheduled start to the next.
        public var every: Duration
        /// Each start is put off by up to this much, differently each time.
        public var jitter: Duration
        /// Deadline of a run, from its start on.
        public var timeout: Duration
        /// It runs only while one of them is open; empty: always.
        public var windows: [TimeWindow]
    }

    /// How many results in a row change its state.
    public struct Thresholds: Sendable, Hashable {
        public var failAfter: Int
        public var recoverAfter: Int
    }

    public struct Label: Sendable, Hashable {
        public var name: String
        public var value: String
    }

    /// Unique in its file and the same after each reading of it: for people and as a key of histories.
    public var id: String
    public var tool: String
    public var target: String
    public var group: String?
    /// In alphabetical order of their names.
    public var labels: [Label]
    public var timing: Timing
    public var thresholds: Thresholds
    /// Where the file says so: `targets.yaml:12`.
    public var place: String
    /// As the file gives them.
    var parameters: [ParameterValue.Member]
    /// Ready to run.
    var probe: PreparedProbe

    /// The same check in every respect, however the file around it has changed.
    func isSame(as other: Check) -> Bool {
        id == other.id && tool == other.tool && target == other.target && group == other.group
            && labels == other.labels && timing == other.timing && thresholds == other.thresholds
            && parameters == other.parameters
    }
}
