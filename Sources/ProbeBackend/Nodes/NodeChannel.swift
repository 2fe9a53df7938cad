import NIOCore

/// Batches of whole messages in both directions; the frames are `NodeWireHandler`'s.
typealias NodeChannel = NIOAsyncChannel<[[UInt8]], [[UInt8]]>
typealias NodeWriter = NIOAsyncChannelOutboundWriter<[[UInt8]]>

/// Batches of a connection, of which the first may hold more than the authentication.
struct NodeInbound {
    private var iterator: NIOAsyncChannelInboundStream<[[UInt8]]>.AsyncIterator
    private var left: [[UInt8]] = []

    init(_ stream: NIOAsyncChannelInboundStream<[[UInt8]]>) {
        iterator = stream.makeAsyncIterator()
    }

    /// The first message alone, nil when the connection ended before it.
    mutating func first() async throws -> [UInt8]? {
        guard let batch = try await iterator.next(), let text = batch.first else { return nil }
        left = Array(batch.dropFirst())
        return text
    }

    mutating func next() async throws -> [[UInt8]]? {
        if left.isEmpty { return try await iterator.next() }
        defer { left = [] }
        return left
    }

    /// Reads to the end, so that the closing handshake can take place.
    mutating func drain() async throws {
        while try await iterator.next() != nil {}
    }
}
