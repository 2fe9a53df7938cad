import NIOConcurrencyHelpers

enum EventTopic: String, Sendable, CaseIterable {
    case nodes, jobs, progress
}

/// What a client wants to hear of.
struct EventInterest: Sendable {
    var topics = Set(EventTopic.allCases)
    /// Only these jobs; nil: all.
    var jobs: Set<String>?
}

/// One client's queue of events. It holds no more than so many: one that falls behind is told to load anew.
final class EventWatcher: Sendable {
    private static let mostEvents = 256

    let number: Int
    /// Yields when there are events to be taken.
    let told: AsyncStream<Void>
    private let interest: EventInterest
    private let wakeUp: AsyncStream<Void>.Continuation
    private let waiting = NIOLockedValueBox<[ServerEvent]>([])

    init(number: Int, _ interest: EventInterest) {
        self.number = number
        self.interest = interest
        (told, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func wants(_ topic: EventTopic) -> Bool { interest.topics.contains(topic) }

    func wants(_ topic: EventTopic, of requestID: String) -> Bool {
        wants(topic) && interest.jobs?.contains(requestID) ?? true
    }

    func tell(_ event: ServerEvent) {
        waiting.withLockedValue { waiting in
            // After "load anew" nothing from before matters, and what comes later does again.
            if waiting.count >= Self.mostEvents { waiting = [.reset] } else { waiting.append(event) }
        }
        wakeUp.yield()
    }

    func reset() {
        waiting.withLockedValue { $0 = [.reset] }
        wakeUp.yield()
    }

    func take() -> [ServerEvent] {
        waiting.withLockedValue { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}

/// An event of a `text/event-stream` (HTML Standard, section 9.2), as it goes over the wire.
struct ServerEvent: Sendable {
    let bytes: [UInt8]

    /// - Parameter data: JSON, which has no line break outside its strings unless a node put it there.
    private init(_ name: String, _ data: [UInt8]) {
        let lines = data.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") })
        bytes =
            Array("event: \(name)\n".utf8) + lines.flatMap { Array("data: ".utf8) + $0 + [UInt8(ascii: "\n")] }
            + [UInt8(ascii: "\n")]
    }

    static let reset = ServerEvent("reset", Array("{}".utf8))
    /// A line that clients pass over.
    static let comment = Array(": still here\n\n".utf8)

    static func node(_ view: [UInt8]) -> ServerEvent { ServerEvent("node", view) }
    static func job(_ view: [UInt8]) -> ServerEvent { ServerEvent("job", view) }

    static func progress(_ requestID: String, _ partial: PartialResult) throws -> ServerEvent {
        struct Head: Encodable {
            let requestID: String
            let sequence: Int
            enum CodingKeys: String, CodingKey {
                case requestID = "request_id"
                case sequence = "seq"
            }
        }
        return ServerEvent(
            "progress",
            try JSONText.encode(
                Head(requestID: requestID, sequence: partial.sequence), adding: [("partial", partial.partial)]))
    }
}
