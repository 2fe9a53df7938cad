/// The body of a registration, checked. Its complaints have the form that nodes in the field know (FastAPI's).
struct RegistrationRequest {
    let token: String
    let name: String
    let hostname: String?
    let region: String?
    let zone: String?
    let internalIP: String?
    let version: String?
    let maxConcurrent: Int
    let supportedTools: RawJSON?
    let hardwareInfo: RawJSON?
    let networkInfo: RawJSON?

    struct Complaint: Error, Encodable {
        let loc: [String]
        let msg: String
        let type: String

        init(_ field: String? = nil, _ message: String, type: String = "value_error") {
            loc = ["body"] + (field.map { [$0] } ?? [])
            msg = message
            self.type = type
        }
    }

    private struct Body: Decodable {
        let registrationToken: String
        let name: String
        let hostname: String?
        let region: String?
        let zone: String?
        let internalIP: String?
        let version: String?
        let maxConcurrent: Int?

        enum CodingKeys: String, CodingKey {
            case name, hostname, region, zone, version
            case registrationToken = "registration_token"
            case internalIP = "internal_ip"
            case maxConcurrent = "max_concurrent_probes"
        }
    }

    /// - Throws: `Complaint`
    init(_ bytes: [UInt8]) throws {
        let (object, body) = try Self.read(bytes)
        token = body.registrationToken
        name = try Self.text(body.name, "name", atLeast: 1)
        hostname = try body.hostname.map { try Self.text($0, "hostname") }
        region = try body.region.map { try Self.text($0, "region") }
        zone = try body.zone.map { try Self.text($0, "zone") }
        internalIP = try body.internalIP.map { try Self.text($0, "internal_ip") }
        version = try body.version.map { try Self.text($0, "version") }
        maxConcurrent = body.maxConcurrent ?? 256
        guard (1...65_536).contains(maxConcurrent) else {
            throw Complaint("max_concurrent_probes", "must lie between 1 and 65536")
        }
        supportedTools = object["supported_tools"]
        hardwareInfo = object["hardware_info"]
        networkInfo = object["network_info"]
    }

    private static func read(_ bytes: [UInt8]) throws -> (RawObject, Body) {
        do {
            guard let object = try RawObject(bytes) else { throw Complaint(nil, "not an object", type: "dict_type") }
            return (object, try JSONText.decode(Body.self, from: bytes))
        } catch let failure as JSONScanner.Failure {
            throw Complaint(nil, failure.sentence, type: "json_invalid")
        } catch DecodingError.keyNotFound(let key, _) {
            throw Complaint(key.stringValue, "field required", type: "missing")
        } catch let error as DecodingError {
            throw Complaint(error.field, error.sentence, type: "type_error")
        }
    }

    private static func text(_ value: String, _ field: String, atLeast minimum: Int = 0) throws -> String {
        guard (minimum...255).contains(value.utf8.count), !value.utf8.contains(0) else {
            throw Complaint(field, "must be \(minimum) to 255 bytes without NUL")
        }
        return value
    }
}
