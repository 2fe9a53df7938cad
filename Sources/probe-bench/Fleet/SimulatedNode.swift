import NIOCore
import ProbeNative
import ProbeProtocol

/// What a fleet counts; each event loop has its own.
final class FleetCounts {
    var authenticated = 0
    var heartbeats = 0
    var acknowledgedHeartbeats = 0
    var answers = 0
    var refused = 0
    var ended = 0
}

/// A node that connects, beats and answers each job at once without doing anything: load for a backend.
final class SimulatedNode: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let host: String
    private let authentication: [UInt8]
    private let heartbeatFrame: [UInt8]
    private let heartbeat: TimeAmount
    private let counts: FleetCounts
    private let clock = SystemTime()
    private var received = ByteBuffer()
    private var pending = ByteBuffer()
    private var isOpen = false
    private var isAuthenticated = false

    init(uuid: String, key: String, host: String, heartbeat: TimeAmount, counts: FleetCounts) {
        self.host = host
        self.heartbeat = heartbeat
        self.counts = counts
        authentication = AuthenticationFrame(
            nodeUUID: uuid, apiKey: key, version: "1.0.0", hostname: "simulated", tools: ["ping", "dns", "http"],
            maxConcurrent: 256
        ).encoded()
        heartbeatFrame = HeartbeatFrame(
            nodeUUID: uuid, uptime: 60, currentLoad: 0.1, cpuUsage: 5, memoryUsage: 20, errorCount: 0,
            diagnosticsExecuted: 0, state: .ready, inFlight: 0, queued: 0, maxConcurrent: 256, resultsUnsent: 0,
            rejected: 0, clockOffset: nil, timestamp: clock.wallTime
        ).encoded()
    }

    func channelActive(context: ChannelHandlerContext) {
        let request = Handshake.request(path: "/ws/node", host: host)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        received.writeBuffer(&buffer)
        do {
            if !isOpen { try open(context) }
            if isOpen { try Frames.read(&received) { opcode, bytes in try read(opcode, bytes, context) } }
        } catch {
            context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        received.discardReadBytes()
        guard pending.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(pending), promise: nil)
        pending = ByteBuffer()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if isAuthenticated { counts.ended += 1 } else { counts.refused += 1 }
    }

    private func open(_ context: ChannelHandlerContext) throws {
        guard let head = Handshake.takeHead(&received) else { return }
        guard head.hasPrefix("HTTP/1.1 101") else { throw Frames.Broken(description: head) }
        isOpen = true
        send(.text, authentication)
    }

    private func read(
        _ opcode: Frames.Opcode, _ bytes: UnsafeRawBufferPointer, _ context: ChannelHandlerContext
    ) throws {
        switch opcode {
        case .text: take(try InboundMessage.decode(bytes), context)
        case .ping: send(.pong, bytes)
        case .close: context.close(promise: nil)
        case .binary, .continuation, .pong: break
        }
    }

    private func take(_ message: InboundMessage, _ context: ChannelHandlerContext) {
        switch message {
        case .accepted:
            isAuthenticated = true
            counts.authenticated += 1
            // Spread over the interval, as a fleet that was started by hand is.
            beat(in: .nanoseconds(.random(in: 0...heartbeat.nanoseconds)), context)
        case .heartbeatAck: counts.acknowledgedHeartbeats += 1
        case .job(let job):
            let result = ProbeResult(
                tool: job.tool, target: job.target, outcome: ProbeOutcome(), finishedAt: clock.wallTime)
            send(.text, JobResult(requestID: job.requestID, result: result).encoded(limit: 1 << 20))
            counts.answers += 1
        default: break
        }
    }

    private func beat(in delay: TimeAmount, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.assumeIsolated().scheduleTask(in: delay) {
            let (node, context) = bound.value
            guard context.channel.isActive else { return }
            var buffer = context.channel.allocator.buffer(capacity: node.heartbeatFrame.count + 14)
            Frames.write(.text, node.heartbeatFrame, mask: .random(in: .min ... .max), to: &buffer)
            context.writeAndFlush(node.wrapOutboundOut(buffer), promise: nil)
            node.counts.heartbeats += 1
            node.beat(in: node.heartbeat, context)
        }
    }

    private func send(_ opcode: Frames.Opcode, _ payload: some Collection<UInt8>) {
        Frames.write(opcode, payload, mask: .random(in: .min ... .max), to: &pending)
    }
}
