import FoundationEssentials
import Hummingbird

/// One page of a list: `?limit=` (1-500, default 50) and `&cursor=` as the page before gave it.
struct Page: Sendable {
    private static let limits = 1...500

    let limit: Int
    /// The sort key of the last item before; nil on the first page.
    let after: [String]?

    /// - Parameter keys: how many texts the sort key has.
    init(_ request: Request, keys: Int) throws {
        limit =
            try request.query("limit").map { text in
                guard let limit = Int(text), Self.limits.contains(limit) else {
                    throw Problem.invalidRequest("\"limit\" must lie between 1 and 500.")
                }
                return limit
            } ?? 50
        after = try request.query("cursor").map { try Self.decode($0, keys: keys) }
    }

    /// The same for lists by time and id.
    var afterInstant: (at: Instant, id: String)? {
        get throws {
            guard let after else { return nil }
            guard let milliseconds = Int64(after[0]) else { throw Self.invalidCursor }
            return (Instant(milliseconds: milliseconds), after[1])
        }
    }

    /// `{"name":[...],"next_cursor":...}`.
    ///
    /// - Parameter items: up to `limit + 1` of them: the one too many says that there is a next page.
    func text<Item>(
        _ name: String, _ items: [Item], key: (Item) -> [String], view: (Item) throws -> [UInt8]
    ) throws -> [UInt8] {
        let shown = items.prefix(limit)
        let next = items.count > limit ? try shown.last.map { try Self.encode(key($0)) } : nil
        var bytes = JSONText.list(name, try shown.map(view))
        bytes.removeLast()
        bytes.append(contentsOf: ",\"next_cursor\":\(next.map { "\"\($0)\"" } ?? "null")}".utf8)
        return bytes
    }

    static let invalidCursor = Problem(
        status: .unprocessableContent, code: "invalid_cursor", detail: "\"cursor\" is none that this list has given.")

    /// Base 64 in the alphabet for addresses (RFC 4648 section 5).
    private static func encode(_ key: [String]) throws -> String {
        Data(try JSONText.encode(key)).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    private static func decode(_ cursor: String, keys: Int) throws -> [String] {
        let text = cursor.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: text + padding),
            let key = try? JSONText.decode([String].self, from: [UInt8](data)), key.count == keys,
            !key.contains(where: { $0.utf8.contains(0) })
        else { throw invalidCursor }
        return key
    }
}

extension Request {
    private static var longestQuery: Int { 4096 }

    /// A query's value as text that the database can take; nil when it is not there.
    func query(_ name: Substring) throws -> String? {
        guard let value = uri.queryParameters[name] else { return nil }
        guard value.utf8.count <= Self.longestQuery, !value.utf8.contains(0) else {
            throw Problem.invalidRequest("\"\(name)\" must be at most \(Self.longestQuery) bytes without NUL.")
        }
        return String(value)
    }
}
