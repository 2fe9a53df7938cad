import ProbeNative
import ProbeProtocol

/// Who the node is towards its backend, as a registration gave it: `identity.json` of the state directory.
public struct Identity: Sendable, Hashable {
    public var nodeUUID: String
    public var apiKey: Secret
    /// The backend's URL, as it was given.
    public var backend: String
    public var name: String
    public var region: String?
    public var registeredAt: WallTime

    static let fileName = "identity.json"

    /// Nil where none is kept.
    /// - Throws: a sentence that names the file.
    init?(in directory: String) throws(ConfigurationError) {
        let path = "\(directory)/\(Self.fileName)"
        guard BoundedFile.exists(path) else { return nil }
        let text = try BoundedFile(path: path, limit: 64 << 10).text
        func damaged(_ what: String) -> ConfigurationError {
            ConfigurationError("\(path) \(what): restore it, or register the node anew (register --force).")
        }
        let document: ParameterValue
        do throws(MalformedMessage) { document = try JSONDocument.read(Array(text.utf8)) } catch {
            throw damaged("is not JSON")
        }
        guard let uuid = document["node_uuid"]?.text, Setting.isIdentifier(uuid) else {
            throw damaged("holds no usable node_uuid")
        }
        guard let key = document["api_key"]?.text.flatMap(ValueFormat<Secret>.key.read) else {
            throw damaged("holds no usable api_key")
        }
        guard let backend = document["backend"]?.text, !backend.isEmpty else { throw damaged("holds no backend") }
        nodeUUID = uuid
        apiKey = key
        self.backend = backend
        name = document["name"]?.text ?? ""
        region = document["region"]?.text
        registeredAt = document["registered_at"]?.text.flatMap(WallTime.init(iso8601:)) ?? WallTime(nanoseconds: 0)
    }

    init(
        nodeUUID: String, apiKey: Secret, backend: String, name: String, region: String?, registeredAt: WallTime
    ) {
        self.nodeUUID = nodeUUID
        self.apiKey = apiKey
        self.backend = backend
        self.name = name
        self.region = region
        self.registeredAt = registeredAt
    }

    /// Keeps it in the place of any other, so that it is there whole or not at all whenever the machine stops.
    /// - Throws: one sentence.
    public func keep(in directory: StateDirectory) throws(ConfigurationError) {
        try directory.replace(Self.fileName, with: JSONWriter.object(self) + [UInt8(ascii: "\n")])
    }

    /// Without its key: "node-1 (6f1c2a34...) of https://probes.example.com".
    public var sentence: String { "\(name.isEmpty ? nodeUUID : "\(name) (\(nodeUUID))") of \(backend)" }
}

extension Identity: Report {
    public func write(to writer: inout some ReportWriter) {
        writer.field("node_uuid", nodeUUID)
        writer.field("api_key", apiKey.revealed)
        writer.field("backend", backend)
        writer.field("name", name)
        writer.field("region", region)
        writer.field("registered_at", .time(registeredAt))
    }
}

extension StateDirectory {
    /// Nil where the node is not registered yet.
    /// - Throws: a sentence when what is kept cannot be used.
    public func identity() throws(ConfigurationError) -> Identity? { try Identity(in: path) }
}
