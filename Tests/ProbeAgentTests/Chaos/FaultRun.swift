import Foundation
import ProbeTesting
import Testing

/// One fault, struck again and again at a node with jobs on their way.
struct FaultRun {
    /// What a node may hold more than before the first strike: sockets that are about to close; in MiB, pages that the
    /// allocator keeps, beside the answers kept for duplicates (`JobLedger.keptMiB`).
    static let descriptorTolerance = 2
    static let memoryTolerance = 32

    let fault: Fault
    let world: ChaosWorld
    private var random: FuzzGenerator
    private var delays: [Duration] = []
    private var level = Level(descriptors: 0, anonymousMiB: 0)
    private var highest = Level(descriptors: 0, anonymousMiB: 0)

    static func run(_ fault: Fault, in lab: NetworkLab? = nil) async throws {
        // World-readable for nodes that give up their rights.
        let setup = try await fault.setUp(ChaosSetup(lab: lab, folder: TemporaryFolder("probe-chaos", mode: 0o755)))
        var run = FaultRun(fault, try await ChaosWorld(setup))
        do {
            try await run.strikeAll()
        } catch {
            let words = await run.world.abandon()
            throw JobLedger.Wrong(description: "\(fault.name), seed \(ChaosPlan.seed): \(error)\n\(words)")
        }
    }

    private init(_ fault: Fault, _ world: ChaosWorld) {
        (self.fault, self.world) = (fault, world)
        random = ChaosPlan.generator(fault.name)
    }

    private mutating func strikeAll() async throws {
        try world.startNode()
        try await settle(within: .seconds(60))
        level = try Level(of: world.node)
        for _ in 0..<ChaosPlan.rounds { try await strikeOnce() }
        try await world.end()
        for breach in world.ledger.breaches(allowed: fault.codes, mayRunAgain: fault.losesNode).prefix(10) {
            Issue.record("\(fault.name): \(breach)")
        }
        if fault.mustSeeCodes { #expect(!world.ledger.codes.isDisjoint(with: fault.codes)) }
        report()
    }

    private mutating func strikeOnce() async throws {
        let known = await world.offer(12)
        try await world.reach(within: .seconds(30))
        // These race with the fault: the node may never see them.
        let gap = random.duration(0...60)
        let world = world
        async let racing = world.offer(8, gap: gap)
        try await fault.strike(world, &random)
        delays.append(try await world.reach(within: fault.law + ChaosPlan.allowance))
        let raced = await racing
        if !fault.losesNode { try await world.ledger.answers(to: known) }
        for id in world.ledger.unanswered(known + raced) { await world.ask(id) }
        try await world.ledger.answers(to: known + raced)
        // A new process has a level of its own.
        if fault.losesNode { level = try await quiet() }
        try await comeDown()
    }

    /// Work of every kind first, so that what is made once is there.
    private func settle(within limit: Duration) async throws {
        try await world.reach(within: limit)
        for _ in 0..<3 {
            let ids = await world.offer(20)
            try await world.ledger.answers(to: ids)
        }
        _ = try await quiet()
    }

    /// The level once no socket of a job is left.
    private func quiet() async throws -> Level {
        var last = try Level(of: world.node)
        while true {
            try await Task.sleep(for: .milliseconds(50))
            let now = try Level(of: world.node)
            if now.descriptors >= last.descriptors { return now }
            last = now
        }
    }

    private mutating func comeDown() async throws {
        var now = try Level(of: world.node)
        let start = ContinuousClock.now
        while now.descriptors > level.descriptors + Self.descriptorTolerance {
            guard ContinuousClock.now - start < .seconds(60) else {
                throw JobLedger.Wrong(description: "\(now) after \(level)")
            }
            try await Task.sleep(for: .milliseconds(20))
            now = try Level(of: world.node)
        }
        highest.descriptors = max(highest.descriptors, now.descriptors)
        highest.anonymousMiB = max(highest.anonymousMiB, now.anonymousMiB)
        guard !ChaosPlan.isSanitized else { return }
        guard now.anonymousMiB <= level.anonymousMiB + Self.memoryTolerance + world.ledger.keptMiB else {
            throw JobLedger.Wrong(description: "\(now) after \(level)")
        }
    }

    private func report() {
        let sorted = delays.sorted().map { Int($0 / .milliseconds(1)) }
        guard let slowest = sorted.last else { return }
        print(
            "chaos \(fault.name): \(sorted.count) times, seed \(ChaosPlan.seed); back after \(sorted[sorted.count / 2]) ms"
                + " (half), \(slowest) ms (all); \(world.ledger.summary); \(level), then at most \(highest)")
    }
}

/// What the kernel says that the node holds.
struct Level: CustomStringConvertible {
    var descriptors: Int
    /// Pages of its own, from smaps_rollup: not those of the program's file, which come with use.
    var anonymousMiB: Int

    var description: String { "\(descriptors) descriptors and \(anonymousMiB) MiB" }
}

extension Level {
    init(of node: NodeProcess) throws {
        let folder = "/proc/\(node.process.pid)"
        descriptors = try FileManager.default.contentsOfDirectory(atPath: folder + "/fd").count
        let rollup = try String(contentsOfFile: folder + "/smaps_rollup", encoding: .utf8)
        let line = rollup.split(separator: "\n").first { $0.hasPrefix("Anonymous:") }
        anonymousMiB = (line.flatMap { Int($0.split(whereSeparator: \.isWhitespace)[1]) } ?? 0) / 1024
    }
}
