import ProbeMetrics
import ProbeNative

/// What a node tells Prometheus (docs/observability.md): a reading of counters that are there anyway.
public struct NodeMetrics: Sendable {
    let dispatcher: Dispatcher
    let outbox: Outbox
    let session: SessionRecord
    let reactors: ReactorGroup
    let time: any TimeSource
    let audit: AuditLog?
    let log: LogOutput?
    let nodeUUID: String

    /// The page of a scrape. Reads files of /proc: microseconds, but not for a reactor.
    public var exposition: Exposition {
        var page = Exposition()
        page.add(
            "probeops_node_info", .gauge, "The node's version and identifier; always 1.",
            [.init(labels: ["version": Version.current, "node_uuid": nodeUUID], value: 1)])
        addSession(&page)
        addJobs(&page)
        addOutbox(&page)
        addReactors(&page)
        if let audit {
            page.add(
                "probeops_node_audit_lines_lost_total", .counter, "Lines that the audit log did not take.", audit.lost)
        }
        if let log {
            page.add("probeops_node_log_lines_lost_total", .counter, "Lines that the log did not take.", log.lost)
        }
        page.addProcess()
        return page
    }

    private func addSession(_ page: inout Exposition) {
        let session = session.current
        page.add(
            "probeops_node_connected", .gauge, "1 while the backend has accepted the node, else 0.",
            session.connectedSince == nil ? 0 : 1)
        page.add(
            "probeops_node_connected_seconds", .gauge, "For how long; 0 while not connected.",
            session.connectedSince.map { (time.now - $0).inSeconds } ?? 0)
        page.add(
            "probeops_node_connection_attempts_total", .counter, "Attempts to connect to the backend.",
            session.attempts)
        page.add(
            "probeops_node_reconnects_total", .counter, "Connections after the first that the backend accepted.",
            max(0, session.connections - 1))
        page.add(
            "probeops_node_connection_failures_total", .counter, "Attempts that failed, by error code.",
            session.failedAttempts.map { .init(labels: ["code": $0.key], value: $0.value) }.sorted(by: "code"))
        page.add("probeops_node_heartbeats_total", .counter, "Heartbeats sent.", session.heartbeats)
    }

    private func addJobs(_ page: inout Exposition) {
        let counts = dispatcher.counts
        page.add("probeops_node_in_flight", .gauge, "Diagnostics that run.", counts.inFlight)
        page.add("probeops_node_queued", .gauge, "Diagnostics that wait for a slot.", counts.queued)
        page.add(
            "probeops_node_draining", .gauge, "1 while the node takes no more jobs, else 0.", counts.isDraining ? 1 : 0)
        let metrics = dispatcher.metrics
        let jobs = metrics.counts
        page.add(
            "probeops_node_jobs_total", .counter, "Jobs that ended, by tool and error code (ok: without a failure).",
            jobs.map { .init(labels: ["tool": $0.tool, "code": $0.code], value: $0.count) })
        page.add(
            "probeops_node_rejected_total", .counter,
            "Jobs that the node did not measure, by reason; also in jobs_total.",
            DispatchCounts.rejections.map { reason in
                .init(
                    labels: ["reason": reason.rawValue],
                    value: jobs.reduce(0) { $0 + ($1.code == reason.rawValue ? $1.count : 0) })
            })
        page.add(
            "probeops_node_unanswered_total", .counter,
            "Of those, refused without an answer, because the backend takes none.",
            counts.unanswered)
        page.add(
            "probeops_node_job_queue_seconds", "How long jobs waited for a slot.",
            Self.byTool(metrics.tools, metrics.queueTimes))
        page.add(
            "probeops_node_job_run_seconds", "How long jobs ran.", Self.byTool(metrics.tools, metrics.runTimes))
    }

    /// Of the tools that were used: each has many series.
    private static func byTool(
        _ tools: [String], _ histograms: [Histogram]
    ) -> [(labels: [String: String], Histogram)] {
        zip(tools, histograms).filter { !$1.isEmpty }.map { (["tool": $0], $1) }
    }

    private func addOutbox(_ page: inout Exposition) {
        let counts = outbox.counts
        page.add(
            "probeops_node_outbox_entries", .gauge, "Results that the backend has not acknowledged.", counts.unsettled)
        page.add("probeops_node_outbox_bytes", .gauge, "Their size.", counts.unsettledBytes)
        page.add(
            "probeops_node_outbox_limit_bytes", .gauge, "The size from which on jobs are refused.", outbox.limits.bytes)
        page.add(
            "probeops_node_outbox_oldest_seconds", .gauge, "Age of the oldest, to the minute; 0 when there is none.",
            counts.oldestAge?.inSeconds ?? 0)
        page.add(
            "probeops_node_outbox_not_on_disk", .gauge, "Of them, those that would be lost with the process.",
            counts.notOnDisk)
        page.add(
            "probeops_node_outbox_dropped_total", .counter,
            "Results that the backend never got: too old (expired), or unreadable after a crash (damaged).",
            [
                .init(labels: ["reason": "damaged"], value: counts.damaged),
                .init(labels: ["reason": "expired"], value: counts.expired),
            ])
        page.add(
            "probeops_node_results_acknowledged_total", .counter, "Results that the backend has acknowledged.",
            counts.settled)
    }

    private func addReactors(_ page: inout Exposition) {
        let now = SystemTime().now
        func samples(_ value: (ReactorLoad) -> Duration) -> [Exposition.Sample] {
            reactors.reactors.map { .init(labels: ["reactor": "\($0.index)"], value: value($0.load).inSeconds) }
        }
        page.add(
            "probeops_node_reactor_busy_seconds_total", .counter, "Time in which a reactor did not wait for events.",
            samples(\.busy))
        page.add(
            "probeops_node_reactor_turn_age_seconds", .gauge,
            "How long a reactor's present turn has lasted; it grows while one hangs.", samples { $0.turnAge(at: now) })
        page.add(
            "probeops_node_reactor_lag_seconds",
            "How long a reactor kept ready events waiting; turns below 0.1 ms are not counted.",
            reactors.reactors.map { (["reactor": "\($0.index)"], $0.load.slowTurns) })
    }
}

extension [Exposition.Sample] {
    /// In the same order at each scrape.
    fileprivate func sorted(by label: String) -> Self {
        sorted { $0.labels[label] ?? "" < $1.labels[label] ?? "" }
    }
}
