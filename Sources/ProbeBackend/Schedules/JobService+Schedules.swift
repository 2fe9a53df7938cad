/// Measurements that are made again and again.
extension JobService {
    /// Seconds that a job of a schedule has at least, and that it waits for a node at most.
    private static let lifetimes = 60.0...3600.0

    /// Runs what is due. Each tick is claimed in the store together with its measurements: it happens once, whichever
    /// replica sees it first.
    func runSchedules() async {
        do {
            let now = clock.now
            for schedule in try await store.dueSchedules(at: now) { try await run(schedule, at: now) }
        } catch {
            logger.error("schedules do not run", metadata: ["error": "\(error)"])
        }
    }

    private func run(_ schedule: ScheduleRecord, at now: Instant) async throws {
        guard let due = schedule.nextRunAt, let recurrence = schedule.recurrence else { return }
        let (tick, next) = recurrence.ticks(due: due, now: now)
        var tried: [(measurement: MeasurementRecord, jobs: [NewJob])] = []
        if tick != nil { tried = try await measurements(of: schedule, at: now, next: next) }
        guard try await store.run(schedule, tried, at: now, next: next) else { return }
        try await wake(for: tried.flatMap(\.jobs))
    }

    /// One for each target. None when there is no node for them.
    private func measurements(
        of schedule: ScheduleRecord, at now: Instant, next: Instant?
    ) async throws -> [(measurement: MeasurementRecord, jobs: [NewJob])] {
        let targets = try JSONText.decode([String].self, from: Array(schedule.targets.utf8))
        let selector = try schedule.selector.map(NodeSelector.init(stored:)) ?? NodeSelector()
        // What no node could do by the next tick is done there anew, so that nothing piles up.
        let period = next.map { Double($0.milliseconds - now.milliseconds) / 1000 } ?? Self.lifetimes.upperBound
        let least = max(Self.lifetimes.lowerBound, schedule.timeout ?? 0)
        let expiry = now.adding(seconds: min(max(period, least), Self.lifetimes.upperBound))
        var made: [(measurement: MeasurementRecord, jobs: [NewJob])] = []
        for target in targets {
            let measurement = MeasurementRecord(
                id: RequestID.make(), scheduleID: schedule.id, tool: schedule.tool, target: target,
                parameters: schedule.parameters, timeout: schedule.timeout, priority: schedule.priority,
                wantsProgress: false, selector: schedule.selector, nodeCount: schedule.nodeCount, createdAt: now,
                expiresAt: expiry)
            do {
                made.append((measurement, try await jobs(of: measurement, selector)))
            } catch let problem as Problem {
                logger.notice(
                    "a schedule finds no node", metadata: ["schedule": "\(schedule.id)", "why": "\(problem.detail)"])
                return []
            } catch StoreFailure.unknownNode(let node) {
                logger.notice("a schedule's node is gone", metadata: ["schedule": "\(schedule.id)", "node": "\(node)"])
                return []
            }
        }
        return made
    }
}
