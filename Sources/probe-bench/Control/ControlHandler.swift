import Foundation
import NIOCore
import ProbeNative

/// A node's connection, seen from the control plane: authenticates it, sends it the jobs of runs, takes its answers.
final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let acknowledges: Bool
    private let clock = SystemTime()
    private let isIdle: @Sendable () -> Void
    private var received = ByteBuffer()
    private var pending = ByteBuffer()
    private var isOpen = false
    private var isAuthenticated = false
    private var runs: [Int: LoadRun] = [:]
    private var context: ChannelHandlerContext?
    private static let key = TextPattern("\"api_key\"")
    private static let heartbeat = TextPattern("\"heartbeat\"")
    private static let response = TextPattern("\"diagnostic_response\"")
    private static let acknowledgement = Array("{\"type\":\"result_received\",\"request_id\":\"".utf8)

    /// - Parameter isIdle: called when the connection ends, so that another node may come.
    init(acknowledges: Bool, isIdle: @escaping @Sendable () -> Void) {
        self.acknowledges = acknowledges
        self.isIdle = isIdle
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: Runs

    func begin(_ order: LoadOrder) {
        let now = clock.now
        let run = LoadRun(order, at: now)
        guard let context, isAuthenticated else {
            return JSONLine.write(run.tally(failure: "There is no node."))
        }
        runs[order.run] = run
        send(run, context)
        if order.rate != nil || order.seconds != nil { tick(run, context) }
    }

    /// An evenly sent load needs a clock; so does one that ends by time, should no answer come then.
    private func tick(_ run: LoadRun, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, run), eventLoop: context.eventLoop)
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(run.order.rate == nil ? 100 : 2)) {
            let (handler, run) = bound.value
            guard let context = handler.context, handler.runs[run.order.run] === run else { return }
            handler.send(run, context)
            handler.tick(run, context)
        }
    }

    private func send(_ run: LoadRun, _ context: ChannelHandlerContext) {
        let now = clock.now
        run.fill(&pending, at: now)
        flush(context)
        guard run.isDone(at: now) else { return }
        runs[run.order.run] = nil
        JSONLine.write(run.tally())
    }

    // MARK: The connection

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if received.readableBytes == 0 { received = buffer } else { received.writeBuffer(&buffer) }
        do {
            if !isOpen { try open(context) }
            if isOpen { try Frames.read(&received) { opcode, bytes in try read(opcode, bytes) } }
        } catch {
            JSONLine.write(ControlEvent(event: "broken", detail: "\(error)"))
            context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        for run in runs.values { send(run, context) }
        flush(context)
        received.discardReadBytes()
    }

    func channelInactive(context: ChannelHandlerContext) {
        for run in runs.values { JSONLine.write(run.tally(failure: "The node's connection ended.")) }
        runs = [:]
        JSONLine.write(ControlEvent(event: "disconnected"))
        isIdle()
    }

    private func open(_ context: ChannelHandlerContext) throws {
        guard let head = Handshake.takeHead(&received) else { return }
        guard let answer = Handshake.answer(to: head) else {
            throw Frames.Broken(description: "no WebSocket handshake")
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        isOpen = true
    }

    private func flush(_ context: ChannelHandlerContext) {
        guard pending.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(pending), promise: nil)
        // The channel holds the old one until it is written.
        pending = context.channel.allocator.buffer(capacity: 64 << 10)
    }

    private func read(_ opcode: Frames.Opcode, _ bytes: UnsafeRawBufferPointer) throws {
        switch opcode {
        case .text: try readText(bytes)
        case .ping: Frames.write(.pong, bytes, to: &pending)
        case .close: Frames.write(.close, bytes, to: &pending)
        case .binary, .continuation, .pong: break
        }
    }

    private func readText(_ bytes: UnsafeRawBufferPointer) throws {
        let text = AnswerText(bytes)
        guard let (run, number) = text.identifier else { return try readOther(text) }
        runs[run]?.answered(number, text, at: clock.now)
        if acknowledges {
            let message = Self.acknowledgement + Array("\(run)-\(number)\"}".utf8)
            Frames.write(.text, message, to: &pending)
        }
    }

    private func readOther(_ text: AnswerText) throws {
        if !isAuthenticated {
            guard text.contains(Self.key) else {
                throw Frames.Broken(description: "no authentication: \(text.excerpt)")
            }
            isAuthenticated = true
            Frames.write(.text, Array("{\"status\":\"connected\",\"message\":\"benchmark\"}".utf8), to: &pending)
            JSONLine.write(ControlEvent(event: "authenticated", monotonicNanoseconds: clock.now.nanoseconds))
        } else if text.contains(Self.heartbeat) {
            Frames.write(.text, Array("{\"type\":\"heartbeat_ack\"}".utf8), to: &pending)
        } else if text.contains(Self.response) {
            throw Frames.Broken(description: "an answer that is not in the known order: \(text.excerpt)")
        }
    }
}

/// What happens beside runs, one JSON object a line.
struct ControlEvent: Encodable, Sendable {
    var event: String
    var port: Int?
    var monotonicNanoseconds: Int64?
    var detail: String?
}
