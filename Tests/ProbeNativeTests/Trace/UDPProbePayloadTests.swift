import Testing

@testable import ProbeNative

@Suite struct UDPProbePayloadTests {
    /// The checksum that a datagram with this payload has on the wire (RFC 768), computed here from scratch.
    private func checksum(_ payload: [UInt8], from: SocketAddress, to: SocketAddress) -> UInt16 {
        let length = UInt16(8 + payload.count)
        var bytes = from.address.bytes + to.address.bytes
        for half in [17, length, from.port, to.port, length, 0] { bytes += [UInt8(half >> 8), UInt8(half & 255)] }
        bytes += payload
        if bytes.count % 2 == 1 { bytes.append(0) }
        var sum: UInt32 = 0
        for index in stride(from: 0, to: bytes.count, by: 2) {
            sum += UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
        }
        while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
        return ~UInt16(sum)
    }

    @Test(arguments: [
        ("192.0.2.1", "198.51.100.9"), ("2001:db8::1", "2001:db8:ffff::7"), ("0.0.0.1", "255.255.255.255"),
    ])
    func everyNameIsTheChecksum(_ from: String, _ to: String) throws {
        let local = SocketAddress(try #require(IPAddress(from)), port: 61000)
        let remote = SocketAddress(try #require(IPAddress(to)), port: 33434)
        for size in [4, 12, 13, 32] {
            let pattern = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
            for name in stride(from: 1, through: 0xfffe, by: 251).map({ UInt16($0) }) + [1, 0x7fff, 0xff00, 0xfffe] {
                let payload = UDPProbePayload.bytes(pattern, name: name, from: local, to: remote)
                #expect(payload.count == size)
                #expect(checksum(payload, from: local, to: remote) == name)
                payload.withUnsafeBytes { #expect(UDPProbePayload.name($0) == name) }
            }
        }
    }

    @Test func reactorsNamesAreTheirOwn() {
        var all: Set<UInt16> = []
        for reactor in 0..<4 {
            var names = UDPProbeNames(reactor: reactor)
            let own = Set((0..<20000).map { _ in names.next() })
            #expect(own.count == 16382 && own.isDisjoint(with: all))
            all.formUnion(own)
        }
        #expect(!all.contains(0) && !all.contains(0xffff))
    }

    @Test func aCutQuotationHasNoName() {
        [UInt8]([1, 2, 3]).withUnsafeBytes { #expect(UDPProbePayload.name($0) == nil) }
    }
}

@Suite struct OriginNetworkTests {
    @Test func questions() throws {
        let four = try #require(IPAddress("198.51.100.9").flatMap { OriginNetwork.question(for: $0) })
        #expect(four.description == "9.100.51.198.origin.asn.cymru.com.")
        let six = try #require(IPAddress("2001:db8::1").flatMap { OriginNetwork.question(for: $0) })
        #expect(six.description.hasPrefix("1.0.0.0.0."))
        #expect(six.description.hasSuffix("8.b.d.0.1.0.0.2.origin6.asn.cymru.com."))
    }

    @Test(arguments: [
        "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.1.1", "127.0.0.1", "::1",
        "fe80::1", "fd00::1",
    ])
    func nothingPrivateLeavesTheNode(_ address: String) throws {
        let address = try #require(IPAddress(address))
        #expect(OriginNetwork.question(for: address) == nil)
    }

    @Test(arguments: [
        ("\"15169 | 8.8.8.0/24 | US | arin | 2014-03-14\"", 15169), ("\"23028 3333 | 193.0.0.0/21 | NL\"", 23028),
    ])
    func answers(_ text: String, _ number: Int) { #expect(OriginNetwork.number(in: text) == number) }

    @Test(arguments: ["", "\"\"", "\"none\"", "\"99999999999999999999 |\""])
    func nonsense(_ text: String) { #expect(OriginNetwork.number(in: text) == nil) }
}
