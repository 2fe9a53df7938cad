import ProbeNative

/// docs/explain.md tells the fields.
extension Story: Report {
    func write(to writer: inout some ReportWriter) {
        writer.field("tool", result.tool)
        writer.field("target", result.target)
        writer.field("success", result.outcome.failure == nil)
        writer.field("total_ms", root.duration)
        writer.field("rests_on", ground)
        writer.array("shares", shares) { writer, share in
            writer.field("kind", share.kind.rawValue)
            writer.field("ms", share.time)
            writer.field("spans", share.count)
        }
        writer.array("spans", steps) { writer, step in
            let span = step.span
            writer.field("id", step.id)
            writer.field("parent", step.parent)
            writer.field("kind", span.kind.rawValue)
            writer.field("name", span.name)
            writer.field("start_ns", Int((span.start - root.start).wholeNanoseconds))
            writer.field("duration_ns", Int(span.duration.wholeNanoseconds))
            writer.field("outcome", span.outcome)
            writer.field("failed", span.isFailed)
            if span.isOpen { writer.field("open", true) }
            if span.omitted > 0 { writer.field("omitted", span.omitted) }
        }
        writer.object("result") { result.write(to: &$0) }
    }
}

/// The same as trace events ("Trace Event Format", complete events), which Perfetto and chrome://tracing show.
struct ChromeTrace: Report {
    let story: Story

    func write(to writer: inout some ReportWriter) {
        writer.field("displayTimeUnit", "ms")
        let events = events
        writer.beginArray("traceEvents")
        Self.metadata("process_name", thread: 0, "probe-agent \(story.root.name)", to: &writer)
        for thread in Set(events.map(\.thread)).sorted() {
            Self.metadata("thread_name", thread: thread, thread == 1 ? "job" : "side by side \(thread)", to: &writer)
        }
        for event in events { write(event, to: &writer) }
        writer.endArray()
    }

    private struct Event {
        var span: Span.Record
        var thread: Int
    }

    /// On one thread an event must be inside of another or beside it: what overlaps goes to the next.
    private var events: [Event] {
        let spans = story.steps.sorted {
            ($0.span.start, $1.span.end, $0.id) < ($1.span.start, $0.span.end, $1.id)
        }
        var threads: [[Instant]] = []
        return spans.map { step in
            let span = step.span
            for index in threads.indices {
                while let end = threads[index].last, end <= span.start { threads[index].removeLast() }
                guard threads[index].last.map({ span.end <= $0 }) ?? true else { continue }
                threads[index].append(span.end)
                return Event(span: span, thread: index + 1)
            }
            threads.append([span.end])
            return Event(span: span, thread: threads.count)
        }
    }

    private func write(_ event: Event, to writer: inout some ReportWriter) {
        let span = event.span
        writer.beginElementObject()
        writer.field("ph", "X")
        writer.field("name", "\(span.kind.rawValue) \(span.name)")
        writer.field("cat", span.kind.rawValue)
        // Microseconds.
        writer.field("ts", Double((span.start - story.root.start).wholeNanoseconds) / 1000)
        writer.field("dur", Double(span.duration.wholeNanoseconds) / 1000)
        writer.field("pid", 1)
        writer.field("tid", event.thread)
        writer.object("args") { writer in
            writer.field("outcome", span.outcome)
            writer.field("failed", span.isFailed)
        }
        writer.endObject()
    }

    private static func metadata(
        _ name: String, thread: Int, _ value: String, to writer: inout some ReportWriter
    ) {
        writer.beginElementObject()
        writer.field("ph", "M")
        writer.field("name", name)
        writer.field("pid", 1)
        writer.field("tid", thread)
        writer.object("args") { $0.field("name", value) }
        writer.endObject()
    }
}
