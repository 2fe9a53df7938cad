import ProbeNative

/// What the file says of a `Delivery`: `url`, `header_file`, `ca_file`, `timeout`, `attempts`.
struct DeliveryPlan: Sendable {
    let kind: String
    let url: String
    /// Read when it is opened: a secret belongs into a file of its own.
    let headerFile: String?
    let caFile: String?
    let timeout: Duration
    let attempts: Int
    private let place: String

    init(_ kind: String, _ settings: inout YAMLReader) throws(ConfigurationError) {
        let (reader, place) = (settings, settings.value.path)
        url = try settings.require("url", .webURL)
        headerFile = try settings.read("header_file", .path).map(reader.path)
        caFile = try settings.read("ca_file", .path).map(reader.path)
        timeout = try settings.read("timeout", .duration(.milliseconds(100.0)...(.seconds(60)))) ?? .seconds(10)
        attempts = try settings.read("attempts", .integer(1...100)) ?? 8
        self.kind = kind
        self.place = place
    }

    /// - Parameter url: where it goes in the end.
    func open(to url: String) throws(ConfigurationError) -> Delivery {
        var parameters: [ParameterValue.Member] = [
            .init("method", .string("POST")), .init("follow_redirects", .bool(false)),
            .init("expect", .object([.init("status", .string("2xx"))])),
        ]
        var headers: [ParameterValue.Member] = [.init("Content-Type", .string("application/json"))]
        if let headerFile { headers += try Self.headers(headerFile) }
        parameters.append(.init("headers", .object(headers)))
        if let caFile {
            parameters.append(.init("ca_pem", .string(try BoundedFile(path: caFile, limit: 256 << 10).text)))
        }
        // What is wrong with the URL or a header is said now.
        do throws(InvalidInput) { _ = try HTTPTool().prepare(target: url, parameters: parameters) } catch {
            throw ConfigurationError(
                "\(place): \(kind): \(headerFile == nil ? error.detail : "\(url) or a header cannot be used.")")
        }
        return Delivery(
            name: "\(kind) \(url)", url: url, parameters: parameters, timeout: timeout, attempts: attempts)
    }

    /// Lines `Name: value`.
    private static func headers(_ path: String) throws(ConfigurationError) -> [ParameterValue.Member] {
        let file = try BoundedFile(path: path, limit: 64 << 10)
        var headers: [ParameterValue.Member] = []
        for line in file.text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else {
                throw ConfigurationError(
                    "\(path) must have lines such as \"Authorization: Bearer ...\", and nothing else.")
            }
            headers.append(.init(String(parts[0]), .string(String(parts[1].drop { $0 == " " }))))
        }
        return headers
    }
}

extension ValueFormat where Value == String {
    static var webURL: Self {
        Self(allowed: "an http:// or https:// URL") { text in
            text.hasPrefix("https://") || text.hasPrefix("http://") ? text : nil
        }
    }
}
