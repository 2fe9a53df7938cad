import Logging
import ProbeNative

extension Watch {
    /// Reads the file again and takes over what differs: unchanged checks keep their phase and state, changed ones their
    /// state and, where `every` and `jitter` are as before, their phase. A file that cannot be used changes nothing.
    public func reload() {
        do throws(ConfigurationError) {
            apply(try WatchFile(path: path, registry: registry))
        } catch {
            logger.error("watch.reload_failed", metadata: ["reason": "\(error)"])
        }
    }

    private func apply(_ file: WatchFile) {
        let now = time.now
        telling.withLock { _ in
            let (difference, stopped) = state.withLock { state in state.take(file.checks, at: now) }
            for running in stopped { running.stop(.cancelled) }
            tell([.checks(file.checks)])
            logger.notice("watch.reloaded", metadata: difference.metadata)
        }
        arm()
    }
}

/// What a reload changed, by the checks' ids.
struct WatchDifference: Equatable {
    var added: [String] = []
    var changed: [String] = []
    var removed: [String] = []

    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = [:]
        for (name, ids) in [("added", added), ("changed", changed), ("removed", removed)] {
            metadata[name] = "\(ids.count)"
            // By name as far as a line of a log should be long.
            let shown = ids.prefix(20).joined(separator: ", ") + (ids.count > 20 ? ", ..." : "")
            if !ids.isEmpty { metadata["\(name)_checks"] = "\(shown)" }
        }
        return metadata
    }
}

extension Watch.State {
    mutating func take(_ checks: [Check], at now: Instant) -> (difference: WatchDifference, stopped: [RunningProbe]) {
        var difference = WatchDifference()
        var stopped: [RunningProbe] = []
        let wanted = Set(checks.map(\.id))
        for id in order where !wanted.contains(id) {
            difference.removed.append(id)
            schedule.remove(id)
            if let running = watched[id]?.active?.running { stopped.append(running) }
            watched[id] = nil
        }
        for check in checks {
            guard let old = watched[check.id]?.check else {
                difference.added.append(check.id)
                watched[check.id] = Watch.Watched(check: check)
                schedule.add(check.id, check.timing, at: now)
                continue
            }
            if check.isSame(as: old) { continue }
            difference.changed.append(check.id)
            watched[check.id]?.check = check
            if check.timing.every != old.timing.every || check.timing.jitter != old.timing.jitter {
                schedule.remove(check.id)
                schedule.add(check.id, check.timing, at: now)
            }
        }
        order = checks.map(\.id)
        return (difference, stopped)
    }
}
