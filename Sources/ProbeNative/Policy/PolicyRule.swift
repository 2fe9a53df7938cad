/// One `--allow` or `--deny`: `SUBJECT[+port=N[-M]][+tool=NAME]`.
public struct PolicyRule: Sendable, Hashable, CustomStringConvertible {
    public enum Subject: Sendable, Hashable {
        /// Whatever address. In an allow it lifts what is refused for its port or its purpose, never a special address.
        case any
        case block(AddressBlock)
        /// A name and, with `*.` before it, the names under it; lower case without a final dot.
        case name(String, subdomains: Bool)
    }

    public var subject: Subject
    public var ports: ClosedRange<UInt16>?
    public var tool: String?
    public let description: String

    /// Nil when the text is no rule, or names a tool that there is not.
    public init?(_ text: String, tools: [String]) {
        var parts = text.split(separator: "+", omittingEmptySubsequences: false)
        guard !parts.isEmpty, let subject = Subject(parts.removeFirst()) else { return nil }
        self.subject = subject
        description = text
        for part in parts {
            if part.hasPrefix("port="), ports == nil, let range = Self.range(part.dropFirst(5)) {
                ports = range
            } else if part.hasPrefix("tool="), tool == nil, tools.contains(String(part.dropFirst(5))) {
                tool = String(part.dropFirst(5))
            } else {
                return nil
            }
        }
        // A name is judged before a port is known: a rule that can never fit must not look as if it did.
        if isName, ports != nil { return nil }
    }

    private static func range(_ text: Substring) -> ClosedRange<UInt16>? {
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { UInt16($0) }
        guard let first = ends.first, let low = first, let last = ends.last, let high = last, low <= high else {
            return nil
        }
        return low...high
    }

    public var isName: Bool { if case .name = subject { true } else { false } }

    func covers(_ address: IPAddress) -> Bool {
        if case .block(let block) = subject { return block.contains(address) }
        return subject == .any
    }

    /// Whether it speaks of this use; one with ports never speaks of ICMP.
    func fits(_ tool: String, _ port: UInt16?) -> Bool {
        if let mine = self.tool, mine != tool { return false }
        guard let ports else { return true }
        return port.map(ports.contains) ?? false
    }

    func covers(name: String) -> Bool {
        guard case .name(let mine, let subdomains) = subject else { return false }
        let bare = (name.hasSuffix(".") ? String(name.dropLast()) : name).lowercased()
        return subdomains ? bare.hasSuffix("." + mine) : bare == mine
    }
}

extension PolicyRule.Subject {
    fileprivate init?(_ text: Substring) {
        if text == "any" {
            self = .any
        } else if let block = AddressBlock(text) {
            self = .block(block)
        } else {
            let isWild = text.hasPrefix("*.")
            guard case .name(let name)? = try? Host(String(isWild ? text.dropFirst(2) : text)) else { return nil }
            self = .name(name.hasSuffix(".") ? String(name.dropLast()) : name, subdomains: isWild)
        }
    }
}
