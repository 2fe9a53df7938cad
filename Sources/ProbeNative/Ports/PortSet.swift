/// Ports to look at, each once, ascending.
public struct PortSet: Sendable, Hashable {
    public private(set) var ports: [UInt16]

    /// What is found open most often (the twenty that nmap's `--top-ports 20` takes).
    static let common = PortSet([
        21, 22, 23, 25, 53, 80, 110, 111, 135, 139, 143, 443, 445, 993, 995, 1723, 3306, 3389, 5900, 8080,
    ])

    init(_ ports: [UInt16]) { self.ports = ports }

    /// Reads `80`, `"22,80,8000-8100"`, or a list of such; nil for anything else. There are only 65,535 ports, so no
    /// list is too long: what is named twice is looked at once.
    init?(_ value: ParameterValue) {
        var isWanted = [Bool](repeating: false, count: 65536)
        guard Self.add(value, to: &isWanted, depth: 0) else { return nil }
        ports = (1...65535).filter { isWanted[$0] }.map { UInt16($0) }
        if ports.isEmpty { return nil }
    }

    private static func add(_ value: ParameterValue, to isWanted: inout [Bool], depth: Int) -> Bool {
        switch value {
        case .integer(let number): return add(number...number, to: &isWanted)
        case .number(let number):
            guard let port = Int64(exactly: number) else { return false }
            return add(port...port, to: &isWanted)
        case .string(let text):
            return text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { part in
                range(part).map { add($0, to: &isWanted) } ?? false
            }
        case .array(let values): return depth == 0 && values.allSatisfy { add($0, to: &isWanted, depth: 1) }
        case .null, .bool, .object: return false
        }
    }

    /// `80`, `1-1024`; spaces around are fine.
    private static func range(_ text: Substring) -> ClosedRange<Int64>? {
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map(number)
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else { return nil }
        return first...last
    }

    private static func number(_ text: Substring) -> Int64? {
        let digits = text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        guard !digits.isEmpty, digits.allSatisfy(\.isWholeNumber) else { return nil }
        return Int64(String(digits))
    }

    private static func add(_ range: ClosedRange<Int64>, to isWanted: inout [Bool]) -> Bool {
        guard range.lowerBound >= 1, range.upperBound <= 65535 else { return false }
        for port in range { isWanted[Int(port)] = true }
        return true
    }

    /// `1-21,23,25-65535`.
    static func text(_ ports: some Sequence<UInt16>) -> String {
        var ranges: [ClosedRange<UInt16>] = []
        for port in ports {
            if let last = ranges.last, port > last.upperBound, port - last.upperBound == 1 {
                ranges[ranges.count - 1] = last.lowerBound...port
            } else {
                ranges.append(port...port)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}
