import ProbeNative

/// The path lab's own router (Tests/Lab/path-forwarder.c): delays packets and logs each one's delay.
public final class PathForwarder: Sendable {
    /// One line of its log.
    public struct Passage: Sendable, Hashable {
        public enum Direction: String, Sendable { case forward, back }
        public enum Fate: String, Sendable { case sent, late, duplicate, expired }

        public var direction: Direction
        public var family: IPAddress.Family
        /// The probe that the packet is or answers: `icmp:IDENT:SEQ`, `udp:SOURCE:DESTINATION:CHECKSUM`,
        /// `tcp:SOURCE:DESTINATION:SEQ`.
        public var key: String
        /// As it came in.
        public var ttl: Int
        public var length: Int
        public var delay: Duration
        public var fate: Fate

        init?(_ line: String) {
            let words = line.split(separator: " ")
            guard words.count == 9, words[0] == "packet", let direction = Direction(rawValue: String(words[1])),
                let family = Int(words[2]).flatMap(IPAddress.Family.init(rawValue:)), let ttl = Int(words[4]),
                let length = Int(words[5]), let from = Int64(words[6]), let until = Int64(words[7]),
                let fate = Fate(rawValue: String(words[8]))
            else { return nil }
            self.direction = direction
            self.family = family
            key = String(words[3])
            self.ttl = ttl
            self.length = length
            delay = .nanoseconds(until - from)
            self.fate = fate
        }
    }

    private let process: ChildProcess

    init(_ process: ChildProcess) async throws {
        self.process = process
        _ = try await process.output.next("ready") { $0 == "ready" }
    }

    /// What every packet until now has been through.
    public func passages() async throws -> [Passage] {
        try await command("sync")
        return process.output.pending.compactMap(Passage.init)
    }

    /// How long packets are held each way; up to `jitter` more, the same numbers in every run.
    public func delay(
        forward: Duration = .zero, back: Duration = .zero, jitter: Duration = .zero
    ) async throws {
        try await command("delay \(microseconds(forward)) \(microseconds(back))")
        try await command("jitter \(microseconds(jitter))")
    }

    /// Sends each `each`-th packet on the way back twice; 0 none.
    public func duplicate(each: Int) async throws { try await command("duplicate \(each)") }

    /// Holds each `each`-th packet on the way back for `more`; 0 none.
    public func late(each: Int, by more: Duration = .zero) async throws {
        try await command("late \(each) \(microseconds(more))")
    }

    public enum Labels: String, Sendable { case rfc4884, legacy, off }

    /// How time-exceeded messages carry MPLS labels.
    public func labels(_ labels: Labels) async throws { try await command("mpls \(labels.rawValue)") }

    private func command(_ line: String) async throws {
        process.write(line: line)
        _ = try await process.output.next("ok \(line)") { $0 == "ok " + line }
    }

    private func microseconds(_ duration: Duration) -> Int64 { duration.wholeNanoseconds / 1_000 }
}
