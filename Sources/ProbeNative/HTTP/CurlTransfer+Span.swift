extension CurlTransfer {
    /// What the callbacks stamped, phase after phase, as it stands in the report.
    func record(in span: Span) {
        let phases = phases
        let tls = phases.tls.map { $0 + (phases.verify ?? .zero) }
        let session = handshake.version.map { "\($0), \(handshake.cipher ?? "?")" }
        let steps: [(kind: Span.Kind, name: String, duration: Duration?, outcome: String)] = [
            (.connect, "\(route.connect)", phases.connect, "connected"),
            (.exchange, "the proxy", phases.proxy, "the way is free"),
            (.tls, "handshake with \(request.url.host)", tls, session ?? "done"),
            (.send, "the request", phases.send, "sent"),
            (.response, "first byte", phases.wait, "status \(head.status ?? 0)"),
            (.body, "last byte", phases.transfer, "\(body.count) bytes"),
        ]
        let reached = steps.filter { $0.duration != nil }
        var at = stamps.started
        for (index, step) in reached.enumerated() {
            guard let duration = step.duration, let part = span.begin(step.kind, step.name, at: at) else { return }
            at = at + duration
            if step.kind == .tls { handshake.verdict?.record(in: part) }
            // A transfer ends in the phase that it did not get out of.
            let isCut = index == reached.count - 1 && (result == nil || failure != nil)
            part.end(isCut ? failure?.code.rawValue ?? "cut" : step.outcome, isFailed: isCut, at: at)
        }
    }
}
