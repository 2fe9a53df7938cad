import Glibc
import ProbeNative

/// Writes responses byte by byte, right ones and wrong ones.
struct WireMessage {
    private(set) var bytes: [UInt8]

    /// A NOERROR answer with nothing in it yet.
    init(answering query: [UInt8], rcode: UInt8 = 0) {
        self.init(question: Self.question(of: query), id: Array(query.prefix(2)), rcode: rcode)
    }

    init(question: [UInt8], id: [UInt8] = [0, 1], rcode: UInt8 = 0) {
        bytes = id + [0x81, 0x80 | rcode, 0, 1, 0, 0, 0, 0, 0, 0] + question
    }

    private static func question(of query: [UInt8]) -> [UInt8] {
        var end = 12
        while end < query.count, query[end] != 0 { end += Int(query[end]) + 1 }
        return Array(query[12..<min(query.count, end + 5)])
    }

    /// Sections must be added to in order. The name is the question's unless given.
    mutating func add(
        _ section: DNSSection, type: UInt16, ttl: UInt32, _ data: [UInt8], name: [UInt8] = [0xc0, 12],
        recordClass: UInt16 = 1
    ) {
        let count = [DNSSection.answer: 7, .authority: 9, .additional: 11][section] ?? 7
        bytes[count] &+= 1
        if bytes[count] == 0 { bytes[count - 1] += 1 }
        bytes += name + Self.big(type) + Self.big(recordClass) + Self.big(ttl) + Self.big(UInt16(data.count)) + data
    }

    static func name(_ text: String) -> [UInt8] {
        text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    static func soa(minimum: UInt32) -> [UInt8] {
        name("ns.test") + name("root.test") + [1, 2, 3, 4].flatMap { big(UInt32($0)) } + big(minimum)
    }

    private static func big(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian, Array.init)
    }
}

/// SplitMix64: small, and the same on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// How many inputs a fuzzing test tries; nil: as many as a few seconds allow.
let fuzzInputs = getenv("PROBEOPS_FUZZ_INPUTS").flatMap { Int(String(cString: $0)) }
