/// The names of hosts(5).
struct HostsFile: Sendable {
    private var addresses: [String: [IPAddress]] = [:]
    private var names: [IPAddress: [String]] = [:]

    init(parsing text: String = "") {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let first = words.first, let address = IPAddress(first) else { continue }
            names[address, default: []] += words.dropFirst().map(String.init)
            for name in Set(words.dropFirst().map { Self.key($0) }) {
                addresses[name, default: []].append(address)
            }
        }
    }

    /// In the order of the file.
    func addresses(of name: String) -> [IPAddress] { addresses[Self.key(name)] ?? [] }

    /// In the order of the file: the canonical name of the first line first.
    func names(of address: IPAddress) -> [String] { names[address] ?? [] }

    private static func key(_ name: some StringProtocol) -> String {
        let name = name.lowercased()
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}
