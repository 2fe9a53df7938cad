import ProbeNative

/// What `defaults`, templates and checks may say beside what is run; nil: not said here.
struct CheckOptions {
    var every: Duration?
    var jitter: Duration?
    var timeout: Duration?
    var windows: [TimeWindow]?
    var failAfter: Int?
    var recoverAfter: Int?
    var group: String?
    var labels: [String: String] = [:]

    static let intervals = Duration.seconds(1)...Duration.seconds(86400)
    static let defaultEvery = Duration.seconds(60)

    init() {}

    init(_ reader: inout YAMLReader) throws(ConfigurationError) {
        every = try reader.read("every", .duration(Self.intervals))
        jitter = try reader.read("jitter", .duration(.zero...Self.intervals.upperBound))
        timeout = try reader.read("timeout", .duration(.milliseconds(100.0)...(.seconds(600))))
        failAfter = try reader.read("fail_after", .integer(1...1000))
        recoverAfter = try reader.read("recover_after", .integer(1...1000))
        group = try reader.read("group", .title)
        if let value = reader.take("windows") {
            var windows: [TimeWindow] = []
            for element in try value.elements("windows", limit: 100) {
                windows.append(try element.read("a window", .window))
            }
            self.windows = windows
        }
        if let value = reader.take("labels") {
            for (key, text) in try value.members("labels", limit: 32) {
                let name = try key.read("a label's name", .labelName)
                if Check.reservedLabels.contains(name) {
                    throw key.refusal("the label \(name) is set by the node: choose another name.")
                }
                labels[name] = try text.read("the label \(name)", .title)
            }
        }
    }

    /// These where they say something, else the weaker ones; labels are put together.
    func over(_ weaker: CheckOptions) -> CheckOptions {
        var merged = self
        merged.every = every ?? weaker.every
        merged.jitter = jitter ?? weaker.jitter
        merged.timeout = timeout ?? weaker.timeout
        merged.windows = windows ?? weaker.windows
        merged.failAfter = failAfter ?? weaker.failAfter
        merged.recoverAfter = recoverAfter ?? weaker.recoverAfter
        merged.group = group ?? weaker.group
        merged.labels = weaker.labels.merging(labels) { $1 }
        return merged
    }

    /// - Parameter value: the check that they are for.
    func timing(of probe: PreparedProbe, at value: YAMLValue) throws(ConfigurationError) -> Check.Timing {
        let every = every ?? Self.defaultEvery
        let jitter = jitter ?? .zero
        guard jitter < every else {
            throw value.refusal("jitter (\(jitter.shown)) must be shorter than every (\(every.shown)).")
        }
        // Shorter than the interval: one that hangs to its end must not cost the run after it.
        let timeout = timeout ?? min(every * 9 / 10, probe.defaultTimeout)
        guard timeout <= every else {
            throw value.refusal("timeout (\(timeout.shown)) must not be longer than every (\(every.shown)).")
        }
        return Check.Timing(every: every, jitter: jitter, timeout: timeout, windows: windows ?? [])
    }
}

extension ValueFormat where Value == String {
    /// For names that people give: printed as they are.
    static var title: Self {
        Self(allowed: "a text of 1 to 128 bytes without control characters") { text in
            let isPlain = !text.utf8.contains { $0 < 0x20 || $0 == 0x7f }
            return (1...128).contains(text.utf8.count) && isPlain ? text : nil
        }
    }

    /// As Prometheus takes them (data model, "Metric names and labels").
    static var labelName: Self {
        Self(allowed: "1 to 64 letters, digits and underscores, not beginning with a digit or with __") { text in
            let isName = text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
            }
            let begins = text.utf8.first.map { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
            return (1...64).contains(text.utf8.count) && isName && begins && !text.hasPrefix("__") ? text : nil
        }
    }
}

extension ValueFormat where Value == TimeWindow {
    static var window: Self { Self(allowed: TimeWindow.allowed) { TimeWindow($0) } }
}
