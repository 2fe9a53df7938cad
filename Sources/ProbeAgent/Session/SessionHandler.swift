import Logging
import NIOCore
import NIOWebSocket
import ProbeNative
import ProbeProtocol
import Synchronization

/// One connection's frames: gives events to the `SessionMachine` and does what it says. Confined to its event loop.
final class SessionHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// How much is handed to the channel before it is flushed.
    private static let batch = 256 << 10

    struct Ports: Sendable {
        var sink: any SessionSink
        var results: any ResultSource
        var heartbeats: any HeartbeatSource
        var record: SessionRecord
    }
    /// How a connection ended, for the session's loop.
    struct Ending: Sendable {
        var end: ConnectionEnd
        var reason: String
        var code: ErrorCode?
        var authenticatedFor: Duration?
        var serverAcknowledges: Bool
        var hints: ReconnectHints?
    }

    private var machine: SessionMachine
    private let authentication: [UInt8]
    private let ports: Ports
    private let time: any TimeSource
    private let logger: Logger
    private let ended: @Sendable (Ending) -> Void
    private var hints: ReconnectHints?
    private var timer: Task<Void, Never>?
    private var isPulling = false
    private var hasEnded = false
    private var closeSent = false
    private var needsFlush = false
    private var hastens = false
    private var owedPong: ByteBuffer?
    private var isReadHeld = false
    // Each mask must be unpredictable (RFC 6455 section 5.3).
    private var masks = RandomStock()
    private var complaints = LogLimit(every: .seconds(10))
    private var context: ChannelHandlerContext?

    init(
        authentication: [UInt8], heartbeat: Duration, serverAcknowledges: Bool, ports: Ports, time: any TimeSource,
        logger: Logger, ended: @escaping @Sendable (Ending) -> Void
    ) {
        machine = SessionMachine(heartbeat: heartbeat, serverAcknowledges: serverAcknowledges, at: time.now)
        self.authentication = authentication
        self.ports = ports
        self.time = time
        self.logger = logger
        self.ended = ended
    }

    // MARK: The channel's events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    /// The upgrade is done: the node speaks first. (While it is under way NIO's upgrade handler refuses writes.)
    func begin() {
        guard let context else { return }
        apply(machine.opened(at: time.now), context)
        rearm(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        defer { machine.dealtWithFrame(at: time.now) }
        guard frame.maskKey == nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return close(context, .protocolError, "The backend sent a masked or extended frame.")
        }
        switch frame.opcode {
        case .text: read(frame.data, context)
        case .binary: close(context, .unacceptableData, "The backend sent a binary frame.")
        case .ping:
            owedPong = frame.data
            sendOwedPong(context)
        case .pong:
            guard let number = frame.data.getInteger(at: frame.data.readerIndex, as: UInt64.self) else { return }
            apply(machine.receivedPong(number), context)
        case .connectionClose: receivedClose(frame.data, context)
        default: close(context, .protocolError, "The backend sent a frame of an unknown kind.")
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush(context)
        context.fireChannelReadComplete()
    }

    /// NIO asks for the next piece. While the backend takes no answers and too many wait, it is read only piecemeal, once
    /// for each ping (`releaseRead`): TCP then slows it down. Not at all would be wrong, because acknowledgements come the
    /// same way, and a peer that first wants its own writes taken would wait for ever, as would the node.
    func read(context: ChannelHandlerContext) {
        isReadHeld = !context.channel.isWritable && ports.results.isCongested
        if !isReadHeld { context.read() }
    }

    private func releaseRead(_ context: ChannelHandlerContext) {
        guard isReadHeld else { return }
        isReadHeld = false
        context.read()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            releaseRead(context)
            sendOwedPong(context)
            pull()
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        apply(machine.closed(code: nil, reason: "", at: time.now), context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge,
            NIOWebSocketError.invalidFrameLength:
            close(context, .messageTooLarge, "The backend sent a message over 1 MiB.")
        case is NIOWebSocketFrameAggregator.Error, is NIOWebSocketError:
            close(context, .protocolError, "The backend broke the WebSocket protocol: \(error).")
        default:
            let words = (error as? IOError).map { Errno(rawValue: $0.errnoCode).description } ?? "\(error)"
            apply(machine.failed("The connection to the backend broke: \(words)."), context)
        }
    }

    // MARK: Frames in

    private func read(_ payload: ByteBuffer, _ context: ChannelHandlerContext) {
        let message: Result<InboundMessage, MalformedMessage>? = payload.withUnsafeReadableBytes { bytes in
            guard bytes.isValidUTF8 else { return nil }
            do throws(MalformedMessage) { return .success(try InboundMessage.decode(bytes)) } catch {
                return .failure(error)
            }
        }
        switch message {
        case nil: close(context, .dataInconsistentWithMessage, "The backend sent text that is not UTF-8.")
        case .failure(let problem): complain("message.malformed", "\(problem)")
        case .success(let message): dispatch(message, context)
        }
    }

    private func dispatch(_ message: InboundMessage, _ context: ChannelHandlerContext) {
        if machine.isActive {
            switch message {
            case .job(let job): return ports.sink.received(job, at: time.now)
            case .cancel(let requestID): return ports.sink.cancel(requestID: requestID)
            case .unknown(let type):
                return logger.debug("message.unknown", metadata: ["type": "\(type ?? "none")"])
            default: break
            }
        }
        let wasActive = machine.isActive
        let before = machine.nextDeadline
        let actions = machine.received(message, at: time.now, wall: time.wallTime)
        if !wasActive, machine.isActive, case .accepted(let accepted) = message {
            hints = accepted.reconnect
            ports.record.connected(id: accepted.connectionID, at: time.now)
            ports.sink.connected(accepted)
        }
        apply(actions, context)
        // The alarm looks again when it rings: only an earlier deadline needs a new one.
        if !wasActive || machine.nextDeadline.map({ $0 < before ?? .distantFuture }) == true { rearm(context) }
    }

    private func receivedClose(_ payload: ByteBuffer, _ context: ChannelHandlerContext) {
        var payload = payload
        let code = payload.readWebSocketErrorCode().map { UInt16(webSocketErrorCode: $0) } ?? 1005
        let reason = String(decoding: payload.readableBytesView.prefix(123), as: UTF8.self)
        // Not the echo of our own close, which says nothing about our frames.
        if code == 1009, !closeSent { ports.results.shrinkLargestUnsettled() }
        sendClose(code == 1005 ? .normalClosure : WebSocketErrorCode(codeNumber: Int(code)), context)
        apply(machine.closed(code: code, reason: reason, at: time.now), context)
    }

    // MARK: Doing what the machine says

    private func apply(_ actions: [SessionMachine.Action], _ context: ChannelHandlerContext) {
        for action in actions {
            switch action {
            case .sendAuthentication: send(.text, authentication, context)
            // A peer that does not read gets pings, and no pile of what it would read too late.
            case .sendHeartbeat where context.channel.isWritable:
                send(.text, ports.heartbeats.heartbeat(clockOffset: machine.clockOffset), context)
                ports.record.sentHeartbeat()
            case .sendPong where context.channel.isWritable:
                send(.text, PongFrame(timestamp: time.wallTime).encoded(), context)
            case .sendHeartbeat, .sendPong: break
            case .sendPing(let payload):
                send(.ping, withUnsafeBytes(of: payload.bigEndian, Array.init), context)
                releaseRead(context)
            case .warn(let text): complain("session.warning", text)
            case .connected: logger.debug("session.authenticated")
            case .settle(let requestID):
                ports.results.settle(requestID: requestID)
                logger.debug("job.acknowledged", metadata: ["request_id": "\(requestID)"])
            case .settleThrough(let sequence):
                ports.results.settle(through: sequence)
                logger.debug("session.acknowledged", metadata: ["through": "\(sequence)"])
            case .startPulling: startPulling(context)
            case .end(let how, let reason): finish(how, reason, context)
            }
        }
        flush(context)
    }

    /// A hostile or broken server must not fill the log.
    private func complain(_ event: Logger.Message, _ reason: String) {
        guard let suppressed = complaints.admit(at: time.now) else { return }
        var metadata: Logger.Metadata = ["reason": "\(reason)"]
        if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
        logger.warning(event, metadata: metadata)
    }

    /// Progress frames: dropped rather than queued when the backend reads slowly.
    func sendProgress(_ bytes: [UInt8]) {
        guard let context, machine.isActive, context.channel.isWritable else { return }
        send(.text, bytes, context)
        flush(context)
    }

    /// RFC 6455 section 5.5.3: of several pings only the latest need be answered. So a peer that sends pings and does
    /// not read fills no memory.
    private func sendOwedPong(_ context: ChannelHandlerContext) {
        guard context.channel.isWritable, let payload = owedPong else { return }
        owedPong = nil
        send(.pong, Array(payload.readableBytesView), context)
    }

    func beat() {
        guard let context, machine.isActive else { return }
        apply([.sendHeartbeat], context)
    }

    private func startPulling(_ context: ChannelHandlerContext) {
        isPulling = true
        let loop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: loop)
        let pulse = Pulse()
        ports.results.open {
            // Many results come between two turns of the loop: one task pulls them all.
            guard pulse.begin() else { return }
            loop.execute {
                pulse.end()
                bound.value.pull()
            }
        }
    }

    private func pull() {
        guard let context, isPulling, !hasEnded else { return }
        while context.channel.isWritable {
            let entries = ports.results.pull(atMost: Self.batch)
            guard let last = entries.last else {
                if hastens { apply(machine.settlingPing(), context) }
                return
            }
            for entry in entries { send(.text, entry.bytes, context) }
            flush(context)
            if logger.logLevel <= .debug { for entry in entries { logSent(entry) } }
            machine.sent(through: last.sequence)
        }
    }

    private func logSent(_ entry: OutboundEntry) {
        logger.debug(
            "job.sent",
            metadata: [
                "request_id": "\(entry.requestID)", "sequence": "\(entry.sequence)", "bytes": "\(entry.bytes.count)",
            ])
    }

    /// From now on a ping goes out behind what is written, so that a server that never acknowledges settles it at once.
    func hasten() {
        hastens = true
        pull()
    }

    /// The node stops: close with 1000. False when the connection had ended before.
    func stop() -> Bool {
        guard let context, !hasEnded else { return false }
        sendClose(.normalClosure, context)
        apply(machine.failed("The node stops."), context)
        return true
    }

    private func finish(_ how: ConnectionEnd, _ reason: String, _ context: ChannelHandlerContext) {
        guard !hasEnded else { return }
        hasEnded = true
        timer?.cancel()
        if isPulling {
            ports.results.close()
            ports.sink.disconnected()
        }
        let now = time.now
        ended(
            Ending(
                end: how, reason: reason, authenticatedFor: machine.authenticatedAt.map { now - $0 },
                serverAcknowledges: machine.serverAcknowledges, hints: hints))
        if case .serverShutdown = how { sendClose(.normalClosure, context) }
        flush(context)
        let channel = context.channel
        // The peer gets a moment to read the close frame and end by itself.
        context.eventLoop.assumeIsolated().scheduleTask(in: closeSent ? .milliseconds(500) : .zero) {
            channel.close(promise: nil)
        }
    }

    private func close(_ context: ChannelHandlerContext, _ code: WebSocketErrorCode, _ reason: String) {
        sendClose(code, context)
        apply(machine.failed(reason), context)
    }

    private func sendClose(_ code: WebSocketErrorCode, _ context: ChannelHandlerContext) {
        guard !closeSent else { return }
        closeSent = true
        send(.connectionClose, withUnsafeBytes(of: UInt16(webSocketErrorCode: code).bigEndian, Array.init), context)
    }

    private func send(_ opcode: WebSocketOpcode, _ bytes: [UInt8], _ context: ChannelHandlerContext) {
        // Nothing follows a close frame (RFC 6455 section 5.5.1).
        guard !closeSent || opcode == .connectionClose else { return }
        // Room in front, so that NIO puts the header there instead of writing it apart.
        let headerRoom = 14
        var buffer = context.channel.allocator.buffer(capacity: headerRoom + bytes.count)
        buffer.moveWriterIndex(to: headerRoom)
        buffer.moveReaderIndex(to: headerRoom)
        buffer.writeBytes(bytes)
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(using: &masks), data: buffer)
        context.write(wrapOutboundOut(frame), promise: nil)
        needsFlush = true
    }

    private func flush(_ context: ChannelHandlerContext) {
        guard needsFlush else { return }
        needsFlush = false
        context.flush()
    }

    /// Sleeps until the machine's next deadline, on the injected clock, and ticks.
    private func rearm(_ context: ChannelHandlerContext) {
        timer?.cancel()
        guard !hasEnded, let deadline = machine.nextDeadline else { return }
        let loop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: loop)
        timer = Task { [time] in
            guard (try? await time.sleep(until: deadline)) != nil else { return }
            loop.execute {
                let handler = bound.value
                guard let context = handler.context, !handler.hasEnded else { return }
                handler.apply(handler.machine.tick(at: handler.time.now), context)
                handler.rearm(context)
            }
        }
    }
}

/// Lets one of many callers through until it is done.
private final class Pulse: Sendable {
    private let isUnderWay = Atomic<Bool>(false)
    func begin() -> Bool { !isUnderWay.exchange(true, ordering: .acquiringAndReleasing) }
    func end() { isUnderWay.store(false, ordering: .releasing) }
}

extension UnsafeRawBufferPointer {
    fileprivate var isValidUTF8: Bool {
        withMemoryRebound(to: UInt8.self) { bytes in (try? UTF8Span(validating: bytes.span)) != nil }
    }
}
