import FoundationEssentials
import HTTPTypes
import Hummingbird

/// `POST /probe-nodes/register`, the call by which a node trades a registration token for its UUID and key.
/// It answers errors in the form of the product's wire, not as problem documents.
struct RegistrationRoutes: Sendable {
    let store: SQLStore
    let clock: BackendClock
    let heartbeatInterval: Int

    private struct Accepted: Encodable {
        struct Config: Encodable {
            let heartbeatInterval: Int

            enum CodingKeys: String, CodingKey {
                case heartbeatInterval = "heartbeat_interval"
            }
        }

        let nodeUUID: String
        let apiKey: String
        let status = "registered"
        let config: Config
        let message = "Keep the API key: it is shown only once."

        enum CodingKeys: String, CodingKey {
            case status, config, message
            case nodeUUID = "node_uuid"
            case apiKey = "api_key"
        }
    }

    private struct Detail<Value: Encodable>: Encodable {
        let detail: Value
    }

    func add(to router: Router<some RequestContext>) {
        router.post("probe-nodes/register") { request, _ in try await register(request) }
        // Older nodes.
        router.post("register") { request, _ in try await register(request) }
    }

    private func register(_ request: Request) async throws -> Response {
        do {
            let order = try RegistrationRequest(try await RequestJSON.body(of: request))
            return try await register(order)
        } catch let complaint as RegistrationRequest.Complaint {
            return .json(try JSONText.encode(Detail(detail: [complaint])), status: .unprocessableContent)
        }
    }

    private func register(_ order: RegistrationRequest) async throws -> Response {
        let key = try Secret(prefix: "pnode_")
        let node = NewNode(
            uuid: UUID().uuidString.lowercased(), keyDigest: key.digest, name: order.name, hostname: order.hostname,
            region: order.region, zone: order.zone, internalIP: order.internalIP, version: order.version,
            maxConcurrent: order.maxConcurrent, supportedTools: order.supportedTools,
            hardwareInfo: order.hardwareInfo, networkInfo: order.networkInfo, registeredAt: clock.now)
        guard try await store.register(node, token: SecretDigest(of: order.token)) else {
            let detail = Detail(detail: "Invalid or expired registration token")
            return .json(try JSONText.encode(detail), status: .unauthorized)
        }
        let accepted = Accepted(
            nodeUUID: node.uuid, apiKey: key.text, config: .init(heartbeatInterval: heartbeatInterval))
        return .json(try JSONText.encode(accepted))
    }
}
