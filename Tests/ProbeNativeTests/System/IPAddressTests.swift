import Glibc
import Testing

@testable import ProbeNative

@Suite struct IPAddressTests {
    @Test func readsWhatInetPtonReads() {
        var generator = SystemRandomNumberGenerator()
        let pieces = [
            "0", "1", "00", "01", "9", "10", "255", "256", "1000", ".", ".", ".", ":", "::", "a", "%lo", " ", "-1",
        ]
        var accepted = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...9, using: &generator)
            let text = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            guard !text.contains("%") else { continue }
            #expect(IPAddress(text)?.bytes == oracle(text), "\(text)")
            if IPAddress(text) != nil { accepted += 1 }
        }
        #expect(accepted > 0)
    }

    @Test(arguments: [
        "127.0.0.1", "0.0.0.0", "255.255.255.255", "1.2.3.4", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3",
        "01.2.3.4", "1.2.3.256", "1.2.3.4 ", "", ".", "::", "::1", "2001:db8::1", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8:9",
        "4294967296.1.1.1", "example.com", "0x7f.1", "2130706433",
    ])
    func agreesWithInetPton(_ text: String) {
        #expect(IPAddress(text)?.bytes == oracle(text))
    }

    @Test func bracketsAndZones() {
        #expect(IPAddress("[::1]") == IPAddress("::1"))
        #expect(IPAddress("[127.0.0.1]") == IPAddress("127.0.0.1"))
        #expect(IPAddress("fe80::1%1")?.zone == 1)
        #expect(IPAddress("127.0.0.1%1") == nil)
        #expect(IPAddress("fe80::1%no-such-interface") == nil)
    }

    private func oracle(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes.prefix(4)) }
        return inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : nil
    }
}
