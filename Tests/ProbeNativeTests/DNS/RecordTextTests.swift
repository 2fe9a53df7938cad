import CLdns
import ProbeTesting
import Testing

@testable import ProbeNative

/// What is written here is what ldns writes.
@Suite struct RecordTextTests {
    private let text = RecordText()
    private let whole = LDNSText()

    @Test func namesAndTextsAreEscapedAsLdnsDoes() throws {
        var message = WireMessage(question: WireMessage.name("www.test") + [0, 1, 0, 1])
        for byte in UInt8.min...UInt8.max {
            let label: [UInt8] = [3, 0x61, byte, 0x62, 0]
            message.add(.answer, type: 5, ttl: 1, label, name: label)
            message.add(.answer, type: 16, ttl: 2, [1, byte, 0, 2, byte, byte])
        }
        let root: [UInt8] = [0]
        message.add(.answer, type: 2, ttl: .max, root, name: root)
        message.add(.answer, type: 12, ttl: 0, [63] + [UInt8](repeating: 0xff, count: 63) + [0])
        #expect(try compared(message.bytes) == 514)
    }

    @Test func numbersAndAddressesAreWrittenAsLdnsDoes() throws {
        var message = WireMessage(question: WireMessage.name("www.test") + [0, 1, 0, 1])
        for value in [0, 1, 9, 10, 255, 256, 65535, 99_999, 1_000_000_000, UInt32.max] {
            let bytes = withUnsafeBytes(of: value.bigEndian, Array.init)
            message.add(.answer, type: 1, ttl: value, bytes)
            message.add(.answer, type: 15, ttl: 1, bytes.suffix(2) + [0xc0, 12])
            message.add(.answer, type: 33, ttl: 1, bytes + bytes.suffix(2) + [0xc0, 12])
            message.add(.answer, type: 6, ttl: 1, [0xc0, 12, 0xc0, 12] + (0..<5).flatMap { _ in bytes })
            message.add(.answer, type: 28, ttl: 1, bytes + [UInt8](repeating: 0, count: 8) + bytes)
        }
        message.add(.answer, type: 28, ttl: 1, [UInt8](repeating: 0, count: 10) + [255, 255, 192, 0, 2, 1])
        #expect(try compared(message.bytes) == 51)
    }

    /// Types, classes and lengths that are not for us go to ldns.
    @Test func theRestIsLeftToLdns() throws {
        var message = WireMessage(question: WireMessage.name("www.test") + [0, 1, 0, 1])
        message.add(.answer, type: 257, ttl: 1, [0, 5] + Array("issueca.test".utf8))
        message.add(.answer, type: 1, ttl: 1, [192, 0, 2, 1], recordClass: 3)
        message.add(.answer, type: 16, ttl: 1, (0..<40).flatMap { _ in [255] + [UInt8](repeating: 1, count: 255) })
        message.add(.answer, type: 16, ttl: 1, [])
        #expect(try compared(message.bytes) == 0)
    }

    /// All types, with data of every kind. Seeded, so that a failure can be run again.
    @Test func randomRecordsAreWrittenAsLdnsDoes() throws {
        var random = SeededGenerator(seed: 0x7e87)
        var count = 0
        for _ in 0..<(fuzzInputs ?? 20_000) {
            var message = WireMessage(question: [3, 0x77, 0x77, 0x77, 4, 0x74, 0x65, 0x73, 0x74, 0, 0, 1, 0, 1])
            let usual: [UInt16] = [1, 2, 5, 6, 12, 15, 16, 28, 33]
            let type =
                Int.random(in: 0..<4, using: &random) > 0
                ? usual.randomElement(using: &random) ?? 1 : UInt16.random(in: 1...262, using: &random)
            let end: [UInt8] = Bool.random(using: &random) ? [0xc0, 12] : [1, .random(in: 0...255, using: &random), 0]
            let size = [0, 4, 6, 16, 20].randomElement(using: &random) ?? 0
            let data = (0..<size).map { _ in
                UInt8.random(in: 0...(Bool.random(using: &random) ? 8 : 255), using: &random)
            }
            message.add(.answer, type: type, ttl: .random(in: 0 ... .max, using: &random), data + end, name: end)
            message.add(.answer, type: type, ttl: 1, Array(data.prefix(size == 6 ? 2 : 16)))
            count += try compared(message.bytes)
        }
        #expect(count > 2000, "the inputs are too broken to reach the writer: \(count)")
    }

    /// How many of a message's records are written here; each is compared with what ldns writes.
    private func compared(_ message: [UInt8]) throws -> Int {
        let (text, whole) = (try #require(text), try #require(whole))
        var pointer: UnsafeMutablePointer<ldns_pkt>?
        guard ldns_wire2pkt(&pointer, message, message.count) == LDNS_STATUS_OK, let pointer else { return 0 }
        let packet = LDNSPacket(owning: pointer)
        let list = ldns_pkt_answer(packet.pointer)
        var count = 0
        for index in 0..<ldns_rr_list_rr_count(list) {
            let record = try #require(ldns_rr_list_rr(list, index))
            guard let ours = text.usual(record, in: .answer) else { continue }
            let line = try #require(whole.line(record))
            let joined = "\(ours.name)\t\(ours.ttl)\t\(ours.recordClass)\t\(ours.type)\t\(ours.value)"
            #expect(joined == String(decoding: line, as: UTF8.self))
            count += 1
        }
        return count
    }
}

@Suite struct DNSQueryTemplateTests {
    /// A query made from a template is the query that ldns encodes.
    @Test func templatesAndLdnsAgree() async throws {
        let bench = try DNSBench()
        defer { bench.stop() }
        let reactor = bench.engine.reactors.reactors[0]
        var choices: [(DNSRecordType, DNSQuery.Options)] = []
        for type in [DNSRecordType.a, .aaaa, .soa, .any, DNSRecordType(rawValue: 65280)] {
            for size in [0, 512, 1232, 65535] {
                var options = DNSQuery.Options()
                options.udpSize = size
                options.recursionDesired = size != 512
                options.wantsSignatures = size == 1232
                options.wantsServerIdentity = size == 65535
                options.clientSubnet = size == 65535 ? DNSClientSubnet("192.0.2.0/24") : nil
                choices.append((type, options))
            }
        }
        let names = try [".", "a", "www.example.test", String(repeating: "abcdefg.", count: 31)].map { try DNSName($0) }
        let pairs = await onReactor(reactor) { [choices] () -> [(DNSQuery, DNSQuery)] in
            let workspace = reactor.local(DNSWorkspace.self)
            var pairs: [(DNSQuery, DNSQuery)] = []
            for _ in 0..<2 {
                for name in names {
                    for (type, options) in choices {
                        guard let made = try? workspace.query(name, type, options),
                            let encoded = try? DNSQuery(name, type, options)
                        else { continue }
                        pairs.append((made, encoded))
                    }
                }
            }
            return pairs
        }
        #expect(pairs.count == 2 * names.count * choices.count)
        for (made, encoded) in pairs {
            #expect(made.wire.dropFirst(2) == encoded.wire.dropFirst(2))
            #expect(made.questionEnd == encoded.questionEnd)
        }
    }

    private func onReactor<Value: Sendable>(_ reactor: Reactor, _ body: @escaping @Sendable () -> Value) async -> Value
    {
        await withCheckedContinuation { continuation in
            reactor.submit { continuation.resume(returning: body()) }
        }
    }
}
