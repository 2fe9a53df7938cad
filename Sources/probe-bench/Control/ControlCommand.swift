import ArgumentParser
import NIOCore
import NIOPosix
import ProbeNative

/// A control plane for one node at a time, made to be much faster than the node. Orders (`LoadOrder`) come on standard
/// input, one JSON object a line, and several may run at once; events and tallies go to standard output likewise. It
/// ends when the input does.
struct ControlCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "control", abstract: "A lean control plane that keeps a window of jobs out at a node.")

    @Option(help: "Address to listen on.") var address = "127.0.0.1"
    @Option(help: "Port to listen on; 0 takes a free one.") var port = 0
    @Flag(help: "Do not acknowledge results, as some servers.") var silent = false

    func run() throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let node = Locked<NIOLoopBound<ControlHandler>?>(nil)
        let acknowledges = !silent
        let server = try ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 256 << 10))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = ControlHandler(acknowledges: acknowledges) { node.withLock { $0 = nil } }
                    node.withLock { $0 = NIOLoopBound(handler, eventLoop: channel.eventLoop) }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(host: address, port: port).wait()
        JSONLine.write(ControlEvent(event: "listening", port: server.localAddress?.port))
        while let line = readLine() {
            let order = try JSONLine.read(LoadOrder.self, line)
            loop.execute {
                guard let node = node.withLock({ $0 }) else {
                    return JSONLine.write(LoadRun(order, at: SystemTime().now).tally(failure: "There is no node."))
                }
                node.value.begin(order)
            }
        }
        try group.syncShutdownGracefully()
    }
}
