import ProbeNative

/// A node's status on one page: the connection first, what needs a look in red, what went wrong lately last.
enum StatusText {
    static func render(_ status: ParameterValue, color: Bool) -> String {
        let style = Style(color: color)
        var text = style.strong("probe-agent \(status.string("version"))") + "  node \(status.string("node_uuid"))"
        text += style.faint("  up \(time(status["uptime_ms"]))") + "\n"
        text += row("state", state(status, style), style)
        text += row("backend", status.string("backend"), style)
        text += connection(status["connection"], style)
        text += row("jobs", jobs(status["jobs"]), style)
        text += row("outbox", outbox(status["outbox"], style), style)
        text += row("reactors", reactors(status, style), style)
        text += row("process", process(status["process"]), style)
        text += row("hardening", hardening(status, style), style)
        let now = status.string("time")
        return text + list("warnings", status["warnings"]?.elements.map { [$0.text?.printable() ?? ""] } ?? [], style)
            + list("problems", status["problems"]?.elements.map { problem($0, now: now, style) } ?? [], style)
    }

    private static func state(_ status: ParameterValue, _ style: Style) -> String {
        let state = status.string("state")
        if status["live"] == .bool(false) { return style.bad("\(state), and a reactor hangs") }
        return status["ready"] == .bool(true) ? style.good(state) : style.bad(state)
    }

    private static func connection(_ connection: ParameterValue?, _ style: Style) -> String {
        var text = ""
        if connection?["connected"] == .bool(true) {
            let id = connection?.string("connection_id") ?? "-"
            text += row("connection", "\(id), for \(time(connection?["connected_ms"]))", style)
        } else if let next = connection?["next_attempt_in_ms"], next != .null {
            text += row("connection", "none; next attempt in \(time(next))", style)
        } else {
            text += row("connection", "none; an attempt is under way", style)
        }
        if let count = connection?["reconnects"]?.number, count > 0 {
            text += row("reconnects", "\(Int(count))", style)
        }
        if let failure = connection?["last_failure"], failure != .null {
            let code = failure["error_code"]?.text.map { " (\($0.printable()))" } ?? ""
            text += row("last end", "\(failure.string("time"))  \(failure.string("reason"))\(code)", style)
        }
        return text
    }

    private static func jobs(_ jobs: ParameterValue?) -> String {
        func count(_ name: String) -> Int { Int(jobs?[name]?.number ?? 0) }
        return
            "\(count("in_flight")) of \(count("max_concurrent")) run, \(count("queued")) of \(count("queue_limit")) wait; "
            + "\(count("executed")) executed, \(count("rejected")) rejected, \(count("errors")) failed inside the node"
    }

    private static func outbox(_ outbox: ParameterValue?, _ style: Style) -> String {
        func count(_ name: String) -> Int { Int(outbox?[name]?.number ?? 0) }
        var text = "\(count("entries")) results, \(bytes(count("bytes"))) of \(bytes(count("max_bytes")))"
        if let oldest = outbox?["oldest_ms"], oldest != .null { text += ", the oldest for \(time(oldest))" }
        text += outbox?["on_disk"] == .bool(true) ? ", kept on disk" : ", in memory only"
        if outbox?["on_disk"] == .bool(true), count("not_on_disk") > 0 {
            text += style.bad(", \(count("not_on_disk")) not on disk yet")
        }
        if count("dropped_too_old") > 0 { text += style.bad(", \(count("dropped_too_old")) dropped as too old") }
        return text
    }

    private static func reactors(_ status: ParameterValue, _ style: Style) -> String {
        let lags = status["reactors"]?.elements.compactMap { $0["lag_ms"]?.number } ?? []
        guard let worst = lags.max() else { return "none yet" }
        let answer = "the slowest answers in \(time(.number(worst)))"
        return "\(lags.count), " + (worst >= 1000 ? style.bad(answer) : answer)
    }

    private static func process(_ process: ParameterValue?) -> String {
        let limit = process?["descriptor_limit"]?.number.map { " of \(Int($0))" } ?? ""
        return "\(Int(process?["descriptors"]?.number ?? 0))\(limit) descriptors, "
            + "\(bytes(Int(process?["resident_bytes"]?.number ?? 0))) of memory"
    }

    private static func hardening(_ status: ParameterValue, _ style: Style) -> String {
        guard case .object(let measures)? = status["hardening"], !measures.isEmpty else { return style.bad("off") }
        if status["hardened"] == .bool(true) { return "in force: " + measures.map(\.name).joined(separator: ", ") }
        let missing = measures.filter { $0.value.text?.hasPrefix("not available") == true }
        return missing.map { style.bad("\($0.name.printable()) \($0.value.text?.printable() ?? "")") }
            .joined(separator: "; ")
    }

    private static func problem(_ problem: ParameterValue, now: String, _ style: Style) -> [String] {
        let count = problem["count"]?.number ?? 1
        let event = problem.string("event") + (count > 1 ? " (\(Int(count)) times)" : "")
        return [
            problem.string("time"), problem.string("level") == "error" ? style.bad(event) : event,
            problem["reason"]?.text?.printable() ?? "",
        ]
    }

    // MARK: -

    private static func row(_ name: String, _ value: String, _ style: Style) -> String {
        "  \(style.faint(name.padded(to: 10)))  \(value)\n"
    }

    private static func list(_ name: String, _ lines: [[String]], _ style: Style) -> String {
        guard !lines.isEmpty else { return "" }
        return "  \(style.faint(name))\n" + lines.map { "    \($0.joined(separator: "  ").trimmed)\n" }.joined()
    }

    /// Milliseconds, in the two largest units that say something.
    private static func time(_ value: ParameterValue?) -> String {
        guard let milliseconds = value?.number else { return "-" }
        if milliseconds < 1000 {
            return milliseconds < 10 ? "\((milliseconds * 100).rounded() / 100) ms" : "\(Int(milliseconds)) ms"
        }
        let seconds = Int(milliseconds / 1000)
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }

    private static func bytes(_ count: Int) -> String {
        switch count {
        case ..<1024: "\(count) B"
        case ..<(1 << 20): "\(count >> 10) KiB"
        default: "\(count >> 20) MiB"
        }
    }
}

extension ParameterValue {
    var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }

    /// For people; `-` where there is none.
    fileprivate func string(_ name: String) -> String {
        guard let text = self[name]?.text, !text.isEmpty else { return "-" }
        return text.printable()
    }
}
