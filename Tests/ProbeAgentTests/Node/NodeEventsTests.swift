import Testing

@testable import ProbeAgent

@Suite struct NodeEventsTests {
    private func ids(_ stream: AsyncStream<NodeEvent>) async -> [String] {
        var ids: [String] = []
        for await event in stream {
            if case .connected(let id?) = event { ids.append(id) }
        }
        return ids
    }

    @Test func everyListenerHearsAllAndASlowOneTheNewest() async {
        let events = NodeEvents()
        let (all, few) = (events.listen(), events.listen(buffer: 2))
        for number in 1...5 { events.tell(.connected(connectionID: "\(number)")) }
        let late = events.listen()
        events.tell(.connected(connectionID: "6"))
        events.finish()
        #expect(await ids(all) == ["1", "2", "3", "4", "5", "6"])
        #expect(await ids(few) == ["5", "6"])
        #expect(await ids(late) == ["6"])
        #expect(await ids(events.listen()) == [])
    }

    /// A job must not pay for what nobody listens to.
    @Test func nothingIsMadeForNobody() async {
        let events = NodeEvents()
        var made = 0
        func event() -> NodeEvent {
            made += 1
            return .connecting
        }
        events.tell(event())
        #expect(made == 0)
        var stream: AsyncStream<NodeEvent>? = events.listen()
        events.tell(event())
        #expect(made == 1 && stream != nil)
        stream = nil
        events.tell(event())
        #expect(made == 1)
    }
}
