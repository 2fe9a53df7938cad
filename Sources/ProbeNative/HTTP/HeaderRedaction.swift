#if canImport(Glibc)
    import Glibc
#endif

/// Header fields whose values no report shows, because the node's operator wants it so.
public struct HeaderRedaction: Sendable, Hashable {
    public static let none = HeaderRedaction(names: [])
    /// What carries credentials by definition.
    private static let usual: Set<String> = ["authorization", "cookie", "proxy-authorization", "set-cookie"]
    static let marker = "[redacted]"
    /// Shorter values are not looked for in bodies: they are found everywhere, and are no secrets.
    private static let shortest = 4

    /// In lower case.
    private let names: Set<String>

    private init(names: Set<String>) { self.names = names }

    /// Names of fields with commas in between; `default` stands for Authorization, Proxy-Authorization, Cookie and
    /// Set-Cookie. Nil when it holds what cannot be a name.
    public init?(_ text: String) {
        var names: Set<String> = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = word.split(separator: " ")
            guard parts.count == 1, let name = parts.first, name.utf8.allSatisfy(HTTPField.isTokenByte) else {
                return nil
            }
            if name == "default" { names.formUnion(Self.usual) } else { names.insert(name.lowercased()) }
        }
        self.names = names
    }

    public var isEmpty: Bool { names.isEmpty }

    public func hides(_ name: some StringProtocol) -> Bool { names.contains(name.lowercased()) }

    /// The fields as a report may show them.
    func shown(_ fields: [HTTPField]) -> [HTTPField] {
        guard !isEmpty else { return fields }
        return fields.map { hides($0.name) ? HTTPField($0.name, Self.marker) : $0 }
    }

    /// What must not be found in a body either: the hidden values, and of credentials what follows their scheme.
    func secrets(in fields: [HTTPField]) -> [String] {
        var secrets: Set<String> = []
        for field in fields where hides(field.name) {
            // Set-Cookie fields are joined by newlines.
            for value in field.value.split(separator: "\n") {
                secrets.insert(String(value))
                if let space = value.firstIndex(of: " "), field.isNamed("authorization") {
                    secrets.insert(String(value[value.index(after: space)...]))
                }
            }
        }
        // The longer first: a part of one may be another.
        return secrets.filter { $0.utf8.count >= Self.shortest }.sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
    }

    /// - Returns: nil when `body` holds none of them.
    static func cleaned(_ body: [UInt8], of secrets: [String]) -> [UInt8]? {
        var body = body
        var isChanged = false
        for secret in secrets {
            let bytes = Array(secret.utf8)
            guard var place = find(bytes, in: body, from: 0) else { continue }
            isChanged = true
            var clean: [UInt8] = []
            var start = 0
            while true {
                clean += body[start..<place]
                clean += marker.utf8
                start = place + bytes.count
                guard let next = find(bytes, in: body, from: start) else { break }
                place = next
            }
            body = clean + body[start...]
        }
        return isChanged ? body : nil
    }

    private static func find(_ needle: [UInt8], in body: [UInt8], from start: Int) -> Int? {
        body.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            var place = start
            let last = bytes.count - needle.count
            while place <= last, let first = memchr(base + place, Int32(needle[0]), last - place + 1) {
                if memcmp(first, needle, needle.count) == 0 { return UnsafeRawPointer(first) - base }
                place = UnsafeRawPointer(first) - base + 1
            }
            return nil
        }
    }
}

extension HTTPReport {
    /// - Parameter sent: the request's fields.
    mutating func redact(_ redaction: HeaderRedaction, sent: [HTTPField]) {
        guard !redaction.isEmpty else { return }
        let secrets = redaction.secrets(in: sent + (redirects + [last]).flatMap(\.fields))
        if let body, let clean = HeaderRedaction.cleaned(body, of: secrets) { self.body = clean }
        last.fields = redaction.shown(last.fields)
        for index in redirects.indices { redirects[index].fields = redaction.shown(redirects[index].fields) }
    }
}
