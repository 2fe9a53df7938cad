import NIOCore
import NIOPosix
import ProbeNative

/// Servers of the doctor's own on this machine's loopback, for tools that need somebody to talk to.
struct DoctorPeers {
    static let address = "127.0.0.1"

    /// Their ports; nil where none could be had.
    let http, whois, ntp: UInt16?

    /// Serves while `body` runs.
    static func serve(_ body: (DoctorPeers) async -> Void) async {
        let web = try? LocalListener(.tcp(SocketAddress(IPAddress(v4: 0x7f00_0001), port: 0)))
        let serving = web.map { listener in
            Task {
                try await LocalServer([listener], routes: [LocalRoute("GET", "/") { _ in .text("It works.") }]).run()
            }
        }
        let group = MultiThreadedEventLoopGroup.singleton
        let whois = try? await ServerBootstrap(group: group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(WhoisPeer()) }
        }.bind(host: address, port: 0).get()
        let ntp = try? await DatagramBootstrap(group: group).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(NTPPeer()) }
        }.bind(host: address, port: 0).get()
        await body(DoctorPeers(http: port(web), whois: port(whois), ntp: port(ntp)))
        serving?.cancel()
        for channel in [whois, ntp] { try? await channel?.close().get() }
    }

    private static func port(_ listener: LocalListener?) -> UInt16? {
        guard case .tcp(let address)? = listener?.address else { return nil }
        return address.port
    }

    private static func port(_ channel: (any Channel)?) -> UInt16? {
        channel?.localAddress?.port.flatMap { UInt16(exactly: $0) }
    }
}

/// A line is asked, and the answer ends with the connection (RFC 3912).
private final class WhoisPeer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard unwrapInboundIn(data).readableBytesView.last == UInt8(ascii: "\n") else { return }
        context.write(wrapOutboundOut(ByteBuffer(string: "inetnum: 127.0.0.0 - 127.255.255.255\r\n")), promise: nil)
        context.flush()
        context.close(promise: nil)
    }
}

/// This machine's clock, asked by itself (RFC 5905, server mode).
private final class NTPPeer: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let query = NTPPacket(envelope.data.readableBytesView) else { return }
        let now = NTPTimestamp(SystemTime().wallTime)
        var reply = NTPPacket()
        (reply.mode, reply.stratum) = (NTPPacket.server, 1)
        (reply.origin, reply.receive, reply.transmit) = (query.transmit, now, now)
        let answer = ByteBuffer(bytes: reply.bytes)
        context.writeAndFlush(
            wrapOutboundOut(AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: answer)), promise: nil)
    }
}
