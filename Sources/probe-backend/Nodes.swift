import ArgumentParser
import FoundationEssentials

struct Nodes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the nodes of a running backend.")

    @OptionGroup var api: APIOptions

    @Option(help: "Only those: online, offline or disabled.")
    var status: NodeStatus?

    enum NodeStatus: String, ExpressibleByArgument, CaseIterable {
        case online, offline, disabled
    }

    private struct Page: Decodable {
        let nodes: [Node]
        let nextCursor: String?

        enum CodingKeys: String, CodingKey {
            case nodes
            case nextCursor = "next_cursor"
        }
    }

    private struct Node: Decodable {
        let nodeUUID: String
        let name: String
        let status: String
        let region: String?
        let zone: String?
        let outstanding: Int
        let maxConcurrent: Int

        enum CodingKeys: String, CodingKey {
            case name, status, region, zone, outstanding
            case nodeUUID = "node_uuid"
            case maxConcurrent = "max_concurrent"
        }
    }

    func run() async throws {
        let client = try api.client()
        var path = "/api/v1/nodes?limit=500" + (status.map { "&status=\($0.rawValue)" } ?? "")
        let first = path
        while true {
            let page = try JSONDecoder().decode(Page.self, from: Data(try client.call("GET", path).body))
            for node in page.nodes {
                let place = [node.region, node.zone].compactMap(\.self).joined(separator: "/")
                Console.out(
                    [
                        node.nodeUUID, node.status, "\(node.outstanding)/\(node.maxConcurrent)",
                        place.isEmpty ? "-" : place, node.name,
                    ].joined(separator: "\t"))
            }
            guard let cursor = page.nextCursor else { return }
            path = "\(first)&cursor=\(cursor)"
        }
    }
}
