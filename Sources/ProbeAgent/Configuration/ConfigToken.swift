import FoundationEssentials
import ProbeNative

/// A JSON Web Token (RFC 7519, compact form of RFC 7515) that holds a node's configuration. Only the backend has the key
/// of its signature, so the node cannot verify it, whatever `alg` says: who can give the node a token could as well give
/// it any other setting. It holds the API key and is treated as a secret.
struct ConfigToken {
    /// Bytes of the whole token.
    static let longest = 16 << 10

    /// By the setting's name: the claim and its value as the setting's text.
    private(set) var claims: [String: (claim: String, text: String)] = [:]

    /// The claim for each setting.
    private static let settings: [(claim: String, setting: String, isRequired: Bool)] = [
        ("NODE_UUID", "uuid", true), ("API_KEY", "key", true), ("BACKEND_URL", "backend", true),
        ("NODE_NAME", "hostname", false), ("LOG_LEVEL", "log-level", false), ("HEARTBEAT_INTERVAL", "heartbeat", false),
    ]

    /// - Parameters:
    ///   - source: what gave the token, for the sentence.
    ///   - now: what `exp` is compared with.
    /// - Throws: one sentence that does not quote the token.
    init(_ token: Secret, from source: String, now: WallTime) throws(ConfigurationError) {
        func refusal(_ what: String) -> ConfigurationError { ConfigurationError("The token of \(source) \(what).") }
        let text = token.revealed
        guard text.utf8.count <= Self.longest else { throw refusal("is longer than \(Self.longest) bytes") }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else {
            throw refusal("is no JSON Web Token: it has \(parts.count) of three parts with dots in between")
        }
        guard let header = Self.decode(parts[0]), let payload = Self.decode(parts[1]), Self.decode(parts[2]) != nil
        else { throw refusal("is damaged: a part of it is not base64url without padding") }
        guard case .object? = try? JSONDocument.read(header) else { throw refusal("is damaged: its head is no JSON") }
        guard let document = try? JSONDocument.read(payload), case .object = document else {
            throw refusal("is damaged: what it holds is no JSON object")
        }
        for (claim, setting, isRequired) in Self.settings {
            switch document[claim] {
            case .string(let text) where !text.isEmpty: claims[setting] = (claim, text)
            case .integer(let number): claims[setting] = (claim, "\(number)")
            case .number(let number): claims[setting] = (claim, "\(number)")
            case nil, .null:
                if isRequired { throw refusal("does not hold \(claim)") }
            default: throw refusal("holds a \(claim) that is neither text nor a number")
            }
        }
        let expiry: Double
        switch document["exp"] {
        case .integer(let seconds): expiry = Double(seconds)
        case .number(let seconds): expiry = seconds
        case nil, .null: return
        default: throw refusal("holds an exp that is not a number of seconds")
        }
        // Later than the clock can say is never; earlier is long ago.
        guard expiry < 9.2e9 else { return }
        let end = WallTime(nanoseconds: Int64(max(0, expiry) * 1e9))
        guard now < end else {
            throw refusal("expired at \(end.iso8601), and it is \(now.iso8601): get a new one, or set the clock")
        }
    }

    /// RFC 4648 section 5, without padding.
    private static func decode(_ part: Substring) -> [UInt8]? {
        guard part.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "=") })
        else { return nil }
        let plain = part.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        return Data(base64Encoded: String(plain) + padding).map(Array.init)
    }
}
