import COpenSSL
import Foundation
import NIOCore

/// The opening handshake (RFC 6455 section 4), as far as a benchmark on loopback needs it.
enum Handshake {
    /// A request's or answer's head, up to and with the empty line; nil while it is not there as a whole.
    static func takeHead(_ buffer: inout ByteBuffer) -> String? {
        let bytes = buffer.readableBytesView
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else { return nil }
        return buffer.readString(length: end - bytes.startIndex)
    }

    /// The server's answer to a request's head; nil when that is no handshake.
    static func answer(to head: String) -> String? {
        guard let key = field("sec-websocket-key", in: head) else { return nil }
        return """
            HTTP/1.1 101 Switching Protocols\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Accept: \(accept(key))\r
            \r

            """
    }

    static func request(path: String, host: String) -> String {
        """
        GET \(path) HTTP/1.1\r
        Host: \(host)\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Version: 13\r
        Sec-WebSocket-Key: \(Data((0..<16).map { _ in UInt8.random(in: 0...255) }).base64EncodedString())\r
        \r

        """
    }

    private static func field(_ name: String, in head: String) -> String? {
        for line in head.split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == name {
                return parts[1].trimmingCharacters(in: .whitespaces)
            }
        }
        return nil
    }

    private static func accept(_ key: String) -> String {
        let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        EVP_Digest(text, text.count, &digest, nil, EVP_sha1(), nil)
        return Data(digest).base64EncodedString()
    }
}
