import ProbeNative
import ProbeProtocol

/// The record of one diagnostic from its queue to its written result, and what it says.
struct Story: Sendable {
    let result: ProbeResult
    let root: Span.Record

    /// Nil where nothing was recorded. Writes the result once, to tell how long that takes.
    init?(_ ended: OneShot.Ended) {
        guard var root = ended.story else { return nil }
        let clock = SystemTime()
        let start = clock.now
        let bytes = JSONWriter.object(ended.result)
        let end = clock.now
        root.children.append(
            Span.Record(
                kind: .encode, name: "the result as JSON", start: start, end: end, outcome: "\(bytes.count) bytes"))
        root.end = end
        self.init(result: ended.result, root: root)
    }

    init(result: ProbeResult, root: Span.Record) {
        self.result = result
        self.root = root
    }

    /// A span with where it stands.
    struct Step {
        var id: Int
        var parent: Int?
        var depth: Int
        var span: Span.Record
    }

    /// Every span, a parent before its children.
    var steps: [Step] {
        var steps: [Step] = []
        func add(_ span: Span.Record, _ parent: Int?, _ depth: Int) {
            let id = steps.count
            steps.append(Step(id: id, parent: parent, depth: depth, span: span))
            for child in span.children { add(child, id, depth + 1) }
        }
        add(root, nil, 0)
        return steps
    }

    // MARK: Where the time went

    struct Share {
        var kind: Span.Kind
        var time: Duration
        var count: Int
    }

    /// Each instant counts for the innermost span that was going on; of several the one that began last. The times add up
    /// to the whole.
    var shares: [Share] {
        let steps = steps
        var marks: [(at: Instant, isEnd: Bool, step: Int)] = []
        for step in steps where step.span.duration > .zero {
            marks.append((step.span.start, false, step.id))
            marks.append((step.span.end, true, step.id))
        }
        marks.sort { $0.at < $1.at }
        var (open, times): (Set<Int>, [Span.Kind: Duration]) = ([], [:])
        var last = root.start
        for mark in marks {
            let innermost = open.max { (steps[$0].depth, $0) < (steps[$1].depth, $1) }
            if let innermost, mark.at > last { times[steps[innermost].span.kind, default: .zero] += mark.at - last }
            last = max(last, mark.at)
            if mark.isEnd { open.remove(mark.step) } else { open.insert(mark.step) }
        }
        let shares = times.map { kind, time in
            Share(kind: kind, time: time, count: steps.count { $0.span.kind == kind })
        }
        return shares.sorted { ($0.time, $1.kind.rawValue) > ($1.time, $0.kind.rawValue) }
    }

    // MARK: What the verdict rests on

    /// Of kinds that say something about the target, the strongest first.
    private static let evidence: [Span.Kind] = [
        .expectation, .validate, .probe, .exchange, .response, .tls, .query, .connect, .resolve,
    ]

    /// A failure rests on the step that failed last and not only because a part of it did; what has none, as a status that
    /// was not expected, and a success on the strongest kind of evidence that there is.
    var ground: String {
        let steps = steps.filter { ![.job, .run, .verdict, .stop, .request].contains($0.span.kind) }
        let failed = steps.filter(\.span.isFailed)
        let wholes = Set(failed.compactMap(\.parent))
        let last = failed.filter { !wholes.contains($0.id) }.max { ($0.span.end, $0.id) < ($1.span.end, $1.id) }
        let hasFailed = result.outcome.failure != nil && last != nil
        let kind =
            hasFailed
            ? last?.span.kind
            : Self.evidence.first { kind in steps.contains { $0.span.kind == kind && !$0.span.isFailed } }
        let all = steps.filter { $0.span.kind == kind }
        let counted = all.filter { $0.span.isFailed == hasFailed }
        guard let kind, let span = counted.last?.span else { return "no step of its own" }
        let said = "\(span.name): \(span.outcome ?? "done")"
        if all.count == 1 { return "\(kind.rawValue) \(said)" }
        let how = hasFailed ? "that failed" : "that went well"
        return "\(counted.count) of \(all.count) steps of kind \(kind.rawValue) \(how); the last, \(said)"
    }
}

extension Span.Kind {
    /// Completes "... of the time went into".
    var activity: String {
        switch self {
        case .job, .run: "the tool's own work"
        case .queue: "waiting to begin"
        case .policy: "asking the policy"
        case .resolve, .lookup: "the resolver's own work"
        case .query: "waiting for name servers"
        case .connect: "connecting"
        case .trust: "reading the system's certificate authorities"
        case .tls: "TLS handshakes"
        case .verify: "verifying certificates"
        case .request: "preparing requests"
        case .send: "sending requests"
        case .response: "waiting for the first byte"
        case .body: "receiving the body"
        case .exchange: "talking with the peer"
        case .hop, .probe: "waiting for replies to probes"
        case .pause: "pausing between probes, as was asked for"
        case .validate: "validating signatures"
        case .expectation: "checking expectations"
        case .stop, .verdict: "coming to a verdict"
        case .encode: "writing the result"
        }
    }
}
