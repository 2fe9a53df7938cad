import ArgumentParser
import Foundation
import NIOCore
import NIOPosix
import ProbeAgent

/// Many simulated nodes against one backend, until standard input ends. Prints the counts of each second.
struct FleetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet", abstract: "Simulated nodes that connect, beat and answer every job at once.")

    @Option(help: "The backend's port on 127.0.0.1.") var port: Int
    @Option(help: "File of the nodes' credentials: JSON lines with node_uuid and api_key.") var credentials: String
    @Option(help: "Seconds between two heartbeats of a node.") var heartbeat = 15.0

    private struct Credential: Decodable {
        enum CodingKeys: String, CodingKey {
            case uuid = "node_uuid"
            case key = "api_key"
        }
        var uuid: String
        var key: String
    }
    private struct Second: Encodable {
        var event = "second"
        var authenticated: Int
        var heartbeats: Int
        var acknowledgedHeartbeats: Int
        var answers: Int
        var refused: Int
        var ended: Int
    }

    func run() throws {
        // The limit of descriptors goes up with it.
        _ = try Startup.prepare(pingWorkers: 1)
        let text = try String(contentsOfFile: credentials, encoding: .utf8)
        let nodes = try text.split(separator: "\n").map { try JSONLine.read(Credential.self, String($0)) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let counts = NIOLoopBoundBox.makeBoxSendingValue(FleetCounts(), eventLoop: loop)
        let interval = TimeAmount.nanoseconds(Int64(heartbeat * 1e9))
        try connect(nodes, loop, counts, interval)
        loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            let counts = counts.value
            JSONLine.write(
                Second(
                    authenticated: counts.authenticated, heartbeats: counts.heartbeats,
                    acknowledgedHeartbeats: counts.acknowledgedHeartbeats, answers: counts.answers,
                    refused: counts.refused, ended: counts.ended))
        }
        while readLine() != nil {}
        try group.syncShutdownGracefully()
    }

    /// Fifty at a time: a listening socket's queue is bounded, and a fleet does not start in one instant.
    private func connect(
        _ nodes: [Credential], _ loop: any EventLoop, _ counts: NIOLoopBoundBox<FleetCounts>, _ interval: TimeAmount
    ) throws {
        let host = "127.0.0.1:\(port)"
        for start in stride(from: 0, to: nodes.count, by: 50) {
            let attempts = nodes[start..<min(start + 50, nodes.count)].map { node in
                ClientBootstrap(group: loop)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(
                                SimulatedNode(
                                    uuid: node.uuid, key: node.key, host: host, heartbeat: interval,
                                    counts: counts.value))
                        }
                    }
                    .connect(host: "127.0.0.1", port: port).map { _ in }
            }
            try EventLoopFuture.andAllSucceed(attempts, on: loop).wait()
        }
    }
}
