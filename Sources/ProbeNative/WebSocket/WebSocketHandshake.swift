import COpenSSL

/// The client's opening handshake (RFC 6455 section 4): what is sent, and what must come back.
struct WebSocketHandshake: Sendable {
    /// 16 random bytes in base64.
    let key: String
    let url: WebSocketURL
    let fields: [HTTPField]

    init(_ url: WebSocketURL, _ fields: [HTTPField], random: [UInt8]) {
        key = random.base64
        self.url = url
        self.fields = fields
    }

    var request: [UInt8] {
        var lines = ["GET \(url.requestTarget) HTTP/1.1"]
        let own = [
            HTTPField("Host", url.authority), HTTPField("Upgrade", "websocket"), HTTPField("Connection", "Upgrade"),
            HTTPField("Sec-WebSocket-Key", key), HTTPField("Sec-WebSocket-Version", "13"),
            HTTPField("User-Agent", "probe-agent"),
        ]
        for field in own where !fields.contains(where: { $0.isNamed(field.name.lowercased()) }) {
            lines.append("\(field.name): \(field.value)")
        }
        lines += fields.map { "\($0.name): \($0.value)" }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    private var offeredProtocols: [String] {
        fields.filter { $0.isNamed("sec-websocket-protocol") }.flatMap { Self.list($0.value) }
    }

    /// Judges the answer; returns the subprotocol that the server chose.
    /// - Throws: `expectation_failed` for another status than 101, `protocol_error` for a 101 that is none.
    func accept(_ response: WebSocketResponse) throws(ProbeFailure) -> String? {
        guard response.status == 101 else {
            let place = response.first("location").map { " to \($0.quotedForMessage)" } ?? ""
            throw ProbeFailure(
                .response, .expectationFailed,
                "The server answered with status \(response.status)\(place) instead of 101.")
        }
        guard response.first("upgrade")?.lowercased() == "websocket" else {
            throw WebSocketFrameHead.broken("its 101 does not upgrade to websocket")
        }
        guard response.all("connection").contains(where: { Self.list($0.lowercased()).contains("upgrade") }) else {
            throw WebSocketFrameHead.broken("its 101 has no \"Connection: Upgrade\"")
        }
        guard response.first("sec-websocket-accept") == Self.acceptance(of: key) else {
            throw WebSocketFrameHead.broken("its Sec-WebSocket-Accept does not belong to the key that was sent")
        }
        guard response.first("sec-websocket-extensions") == nil else {
            throw WebSocketFrameHead.broken("it chose an extension that was not offered")
        }
        guard let chosen = response.first("sec-websocket-protocol") else { return nil }
        guard offeredProtocols.contains(chosen) else {
            throw WebSocketFrameHead.broken(
                "it chose the subprotocol \(chosen.quotedForMessage), which was not offered")
        }
        return chosen
    }

    /// The key and a constant, hashed by SHA-1 (section 4.2.2).
    static func acceptance(of key: String) -> String {
        let text = Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
        var digest = [UInt8](repeating: 0, count: Int(SHA_DIGEST_LENGTH))
        var count: UInt32 = 0
        EVP_Digest(text, text.count, &digest, &count, EVP_sha1(), nil)
        return digest.base64
    }

    private static func list(_ value: String) -> [String] {
        value.split(separator: ",").map { $0.trimmingBlanks }
    }
}

/// The head of the server's answer.
struct WebSocketResponse: Sendable, Hashable {
    /// Fields, and bytes of them all.
    static let mostFields = 100
    static let longestLine = 16 << 10

    let status: Int
    private(set) var fields: [HTTPField] = []

    /// - Throws: `http_invalid_response` for what is no status line of HTTP/1.
    init(statusLine line: [UInt8]) throws(ProbeFailure) {
        let words = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3, let status = Int(words[1]),
            (100...999).contains(status)
        else { throw Self.noHTTP }
        self.status = status
    }

    /// Takes one field line; false at the empty line that ends the head.
    /// - Throws: `http_invalid_response` for a line that is no field, and for too many.
    mutating func take(_ line: [UInt8]) throws(ProbeFailure) -> Bool {
        guard !line.isEmpty else { return false }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0, !line[..<colon].contains(0x20),
            fields.count < Self.mostFields
        else { throw Self.noHTTP }
        let text = (
            String(decoding: line[..<colon], as: UTF8.self), String(decoding: line[(colon + 1)...], as: UTF8.self)
        )
        fields.append(HTTPField(text.0.lowercased(), text.1.trimmingBlanks))
        return true
    }

    static let noHTTP = ProbeFailure(.response, .httpInvalidResponse, "What the server sent is not HTTP/1.")

    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
    func first(_ name: String) -> String? { all(name).first }
}

extension StringProtocol {
    /// Without the spaces and tabs around it.
    var trimmingBlanks: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let tail = drop(while: isBlank)
        guard let last = tail.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(tail[...last])
    }
}
