import Testing

@testable import ProbeNative

@Suite struct ICMPMessageTests {
    /// An IPv4 header without options in front of `payload`.
    private func ip4(_ proto: UInt8, ttl: UInt8 = 1, fragment: UInt16 = 0, _ payload: [UInt8]) -> [UInt8] {
        let total = UInt16(20 + payload.count)
        return [
            0x45, 0x20, UInt8(total >> 8), UInt8(total & 255), 0xab, 0xcd, UInt8(fragment >> 8), UInt8(fragment & 255),
            ttl, proto, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7,
        ] + payload
    }

    private func ip6(_ next: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0x60, 0, 0, 0, UInt8(payload.count >> 8), UInt8(payload.count & 255), next, 3]
            + (IPAddress("2001:db8::1")?.bytes ?? []) + (IPAddress("2001:db8::7")?.bytes ?? []) + payload
    }

    private let echo: [UInt8] = [8, 0, 0x12, 0x34, 0x40, 1, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]
    private let udp: [UInt8] = [0x82, 0x35, 0x82, 0x9b, 0, 28, 0xbe, 0xef]

    private func decode(_ bytes: [UInt8], _ family: IPAddress.Family = .v4) -> ICMPMessage? {
        bytes.withUnsafeBytes { ICMPMessage(WireBytes($0), family) }
    }

    private func body(_ bytes: [UInt8], _ family: IPAddress.Family = .v4) throws -> ICMPErrorBody {
        guard case .error(let body) = try #require(decode(bytes, family)) else {
            throw InvalidInput("no error message")
        }
        return body
    }

    @Test func anEchoReplyIsRead() {
        let reply = ICMPMessage.Reply(ident: 0x4001, sequence: 9, cookie: [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(decode([0, 0, 0, 0, 0x40, 1, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9]) == .reply(reply))
        #expect(decode([129, 0, 0, 0, 0x40, 1, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9], .v6) == .reply(reply))
        #expect(decode([0, 0, 0, 0, 0x40, 1, 0, 9, 1]) == .reply(.init(ident: 0x4001, sequence: 9, cookie: [1])))
        #expect(decode([0, 1, 0, 0, 0x40, 1, 0, 9]) == nil, "no reply has a code")
        #expect(decode([8, 0, 0, 0, 0x40, 1, 0, 9]) == nil, "a request")
    }

    @Test func aTimeExceededQuotesAnEchoRequest() throws {
        let error = try body([11, 0, 0, 0, 0, 0, 0, 0] + ip4(1, echo))
        #expect(error.type == 11 && error.code == 0 && error.nextHopMTU == nil)
        #expect(error.quoted.destination == IPAddress("198.51.100.7"))
        #expect(error.quoted.source == IPAddress("192.0.2.1"))
        #expect(error.quoted.hopLimit == 1 && error.quoted.identification == 0xabcd)
        #expect(error.quoted.trafficClass == 0x20 && error.quoted.totalLength == 38)
        #expect(
            error.quoted.transport
                == .echo(ident: 0x4001, sequence: 9, checksum: 0x1234, cookie: [1, 2, 3, 4, 5, 6, 7, 8]))
        // The least that a router must quote: 8 bytes behind the header.
        let short = try body([11, 0, 0, 0, 0, 0, 0, 0] + ip4(1, Array(echo.prefix(8))))
        #expect(short.quoted.transport == .echo(ident: 0x4001, sequence: 9, checksum: 0x1234, cookie: []))
    }

    @Test func unreachablesTellTheirMTU() throws {
        let four = try body([3, 4, 0, 0, 0, 0, 0x05, 0x14] + ip4(17, udp))
        #expect(four.nextHopMTU == 1300)
        #expect(
            four.quoted.transport
                == .udp(sourcePort: 0x8235, destinationPort: 0x829b, length: 28, checksum: 0xbeef))
        #expect(try body([3, 4, 0, 0, 0, 0, 0, 0] + ip4(17, udp)).nextHopMTU == nil, "from before RFC 1191")
        #expect(try body([3, 3, 0, 0, 0, 0, 5, 20] + ip4(17, udp)).nextHopMTU == nil)
        let six = try body([2, 0, 0, 0, 0, 0, 0x05, 0x14] + ip6(17, udp), .v6)
        #expect(six.nextHopMTU == 1300)
        #expect(six.quoted.destination == IPAddress("2001:db8::7"))
    }

    @Test func aTCPProbeIsKnownByItsSequence() throws {
        let tcp: [UInt8] = [0xee, 0x48, 0, 80, 0xde, 0xad, 0xbe, 0xef]
        let quoted = QuotedPacket.Transport.tcp(sourcePort: 0xee48, destinationPort: 80, sequence: 0xdead_beef)
        #expect(try body([11, 0, 0, 0, 0, 0, 0, 0] + ip4(6, tcp)).quoted.transport == quoted)
        #expect(try body([3, 0, 0, 0, 0, 0, 0, 0] + ip6(6, tcp), .v6).quoted.transport == quoted)
    }

    @Test func fragmentsAreSeenThrough() throws {
        let first: [UInt8] = [58, 0, 0, 1, 0, 0, 0, 77] + [128, 0, 0, 1, 0x40, 1, 0, 2]
        let error = try body([3, 0, 0, 0, 0, 0, 0, 0] + ip6(44, first), .v6)
        #expect(error.quoted.transport == .echo(ident: 0x4001, sequence: 2, checksum: 1, cookie: []))
        #expect(error.quoted.identification == 77)
        // A later fragment has no transport header, whatever its bytes look like.
        #expect(try body([11, 0, 0, 0, 0, 0, 0, 0] + ip4(1, fragment: 185, echo)).quoted.transport == .other)
        let later: [UInt8] = [58, 0, 0x05, 0xc9, 0, 0, 0, 77] + [128, 0, 0, 1, 0x40, 1, 0, 2]
        #expect(try body([3, 0, 0, 0, 0, 0, 0, 0] + ip6(44, later), .v6).quoted.transport == .other)
    }

    /// RFC 4884 with RFC 4950: two labels behind a quotation padded to 128 bytes.
    private func labelled(length: UInt8, checksum: Bool = true) -> [UInt8] {
        let quotation = ip4(1, echo)
        var structure: [UInt8] = [0x20, 0, 0, 0, 0, 12, 1, 1, 0x03, 0xe8, 0x1a, 0xff, 0x00, 0x01, 0x01, 0x07]
        if checksum {
            let sum = structure.withUnsafeBytes { InternetChecksum.of($0) }
            structure[2] = UInt8(sum >> 8)
            structure[3] = UInt8(sum & 255)
        }
        return [11, 0, 0, 0, 0, length, 0, 0] + quotation + [UInt8](repeating: 0, count: 128 - quotation.count)
            + structure
    }

    private let labels = [
        MPLSLabel(label: 0x3e81, experimental: 5, isBottom: false, ttl: 255),
        MPLSLabel(label: 16, experimental: 0, isBottom: true, ttl: 7),
    ]

    @Test func labelStacksAreRead() throws {
        #expect(try ICMPExtensions.labels(body(labelled(length: 32)).extensions) == labels)
        #expect(try ICMPExtensions.labels(body(labelled(length: 32, checksum: false)).extensions) == labels)
        // Routers from before RFC 4884 leave the length 0; only a checksum tells their extensions from payload.
        #expect(try ICMPExtensions.labels(body(labelled(length: 0)).extensions) == labels)
        #expect(try body(labelled(length: 0, checksum: false)).extensions.isEmpty)
        var broken = labelled(length: 32)
        broken[broken.count - 1] ^= 1
        #expect(try body(broken).extensions.isEmpty)
        // A length beyond the message.
        #expect(try body(labelled(length: 255)).extensions.isEmpty)
    }

    @Test func objectsThatLieAboutTheirLengthEndTheList() {
        for objects: [UInt8] in [[0, 3, 1, 1], [0, 0, 1, 1], [0xff, 0xff, 1, 1], [0, 4, 9, 9, 0, 5, 1], [0], []] {
            #expect(ICMPExtensions.labels(objects).isEmpty)
        }
        #expect(ICMPExtensions.labels([0, 4, 9, 9, 0, 8, 1, 1, 0, 1, 1, 7]) == [labels[1]])
    }

    /// Every prefix and thousands of seeded mutations: none traps, and none reads what is not there.
    @Test func hostileBytesAreHarmless() {
        let messages: [([UInt8], IPAddress.Family)] = [
            (labelled(length: 32), .v4), ([11, 0, 0, 0, 0, 0, 0, 0] + ip4(1, echo), .v4),
            ([3, 4, 0, 0, 0, 0, 5, 20] + ip4(17, udp), .v4), ([2, 0, 0, 0, 0, 0, 5, 20] + ip6(17, udp), .v6),
            ([3, 0, 0, 0, 0, 0, 0, 0] + ip6(44, [58, 0, 0, 1, 0, 0, 0, 7, 128, 0, 0, 1, 0x40, 1, 0, 2]), .v6),
        ]
        var state: UInt64 = 42
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for (message, family) in messages {
            for length in 0...message.count {
                // A copy of its own size, so that a sanitizer sees the end.
                _ = decode(Array(message.prefix(length)), family)
            }
            for _ in 0..<5000 {
                var mutant = message
                for _ in 0...random(4) { mutant[random(mutant.count)] = UInt8(random(256)) }
                mutant.removeLast(random(mutant.count))
                if case .error(let body) = decode(mutant, family) { _ = ICMPExtensions.labels(body.extensions) }
            }
        }
    }

    @Test func requestsHaveTheirChecksumAndKeepItWhenAsked() {
        for size in [0, 1, 7, 8, 9, 10, 56, 65500] {
            let packet = EchoMessage.request(
                .v4, ident: 0xbeef, sequence: 7, size: size, cookie: [1, 2, 3, 4, 5, 6, 7, 8])
            #expect(packet.count == size + 8)
            #expect(packet.withUnsafeBytes { InternetChecksum.sum($0) } == 0xffff, "\(size) bytes")
        }
        let sums = (1...50).map { sequence -> [UInt8] in
            let cookie = (0..<8).map { UInt8(truncatingIfNeeded: sequence * 31 + $0 * 7) }
            let packet = EchoMessage.request(
                .v4, ident: 0xbeef, sequence: UInt16(sequence), size: 56, cookie: cookie, keepsChecksum: true)
            return Array(packet[2..<4])
        }
        #expect(Set(sums).count == 1)
    }

    @Test func theSumOfAnOddNumberOfBytesIsPadded() {
        // RFC 1071 3's example, and its first seven bytes.
        let bytes: [UInt8] = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]
        #expect(bytes.withUnsafeBytes { InternetChecksum.sum($0) } == 0xddf2)
        #expect(Array(bytes.dropLast()).withUnsafeBytes { InternetChecksum.sum($0) } == 0xdcfb)
    }
}
