import Testing

@testable import ProbeNative

@Suite struct EchoQueueTests {
    private let now = Instant(nanoseconds: 1_000_000_000)

    private func request(_ host: UInt32, _ change: (inout Echo) -> Void = { _ in }, left: Duration = .seconds(30))
        -> EchoRequest
    {
        var echo = Echo(
            address: IPAddress(v4: 0x7f00_0000 + host), ttl: 64, tos: 0, size: 56, timeout: .seconds(1),
            isImpatient: false)
        change(&echo)
        return EchoRequest(echo, deadline: now + left) { _ in }
    }
    private func queue(_ requests: [EchoRequest]) -> EchoQueue {
        var queue = EchoQueue()
        for request in requests { queue.append(request) }
        return queue
    }

    @Test func freeWorkersShareWhatIsQueued() {
        var queue = queue((1...100).map { request($0) })
        #expect(queue.takeBatch(workers: 100, at: now).count == 1)
        #expect(queue.takeBatch(workers: 3, at: now).count == 33)
        #expect(queue.takeBatch(workers: 1, at: now).count == EchoQueue.filterLimit(.v4))
        #expect(queue.takeBatch(workers: 1, at: now).count == 26)
        #expect(queue.takeBatch(workers: 1, at: now).isEmpty)
    }

    @Test func onlyEqualOptionsShareABatchAndOrderIsKept() {
        let requests = [
            request(1), request(2) { $0.ttl = 3 }, request(3) { $0.tos = 8 }, request(4) { $0.size = 57 },
            request(5) { $0.timeout = .seconds(2) }, request(6) { $0.address = IPAddress(v6High: 0, low: 1) },
            request(8) { $0.isDoubtful = true }, request(7),
        ]
        var queue = queue(requests)
        let batches = (0..<7).map { _ in queue.takeBatch(workers: 1, at: now).map(\.echo) }
        #expect(batches[0] == [requests[0].echo, requests[7].echo])
        #expect(batches.dropFirst().map { $0.first } == requests[1...6].map(\.echo))
        #expect(queue.isEmpty)
    }

    @Test func impatientOnesEqualAddressesAndNearDeadlinesGoAlone() {
        for odd in [request(1), request(2) { $0.isImpatient = true }, request(2, left: .milliseconds(999))] {
            var queue = queue([request(1), odd])
            #expect(queue.takeBatch(workers: 1, at: now).count == 1)
            #expect(queue.takeBatch(workers: 1, at: now).count == 1)
            // And nobody joins them.
            var reversed = self.queue([request(3) { $0.isImpatient = true }, request(1)])
            #expect(reversed.takeBatch(workers: 1, at: now).count == 1)
        }
    }

    @Test func largePacketsMakeSmallBatches() {
        var queue = queue((1...100).map { request($0) { $0.size = 4000 } })
        #expect(queue.takeBatch(workers: 1, at: now).count == 21)
    }

    @Test func withdrawnRequestsAreNeverTaken() {
        let requests = (1...4).map { request($0) }
        var queue = queue(requests)
        #expect(requests[0].settle() && requests[2].settle())
        #expect(queue.takeBatch(workers: 1, at: now).map(\.echo) == [requests[1].echo, requests[3].echo])
        #expect(!requests[1].settle(), "taken: nobody can withdraw it any more")
    }
}
