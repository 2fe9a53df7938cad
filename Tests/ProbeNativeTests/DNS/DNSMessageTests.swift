import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct DNSMessageTests {
    @Test func theQuestionIsComparedWithItsCaseOnlyWhenMixed() throws {
        let name = try DNSName("abcdefghijklmnop.example")
        var query = try DNSQuery(name, .a)
        query.id = 0x1234
        let answer = WireMessage(answering: query.wire).bytes
        #expect(match(answer, query) == .answer)
        query.mixCase { 0xff }
        #expect(match(answer, query) == .caseChanged)
        #expect(match(WireMessage(answering: query.wire).bytes, query) == .answer)
        query.lowerCase()
        #expect(match(answer, query) == .answer)
        #expect(match(WireMessage(answering: query.wire).bytes, query, id: 0x1235) == .other)
        #expect(match(query.wire, query) == .other)
        var otherType = answer
        otherType[query.questionEnd - 3] = 28
        #expect(match(otherType, query) == .other)
        for length in 0..<query.questionEnd { #expect(match(Array(answer.prefix(length)), query) == .other) }
    }

    @Test func anErrorMayComeWithoutAQuestion() throws {
        var query = try DNSQuery(try DNSName("a.example"), .a)
        query.id = 7
        let formatError: [UInt8] = [0, 7, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0]
        #expect(match(formatError, query) == .answer)
        let positive: [UInt8] = [0, 7, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0]
        #expect(match(positive, query) == .other)
    }

    @Test func readsExtendedErrorsAndResponseCodes() throws {
        var message = WireMessage(answering: try DNSQuery(try DNSName("a.example"), .a).wire)
        // Extended RCODE 1 (BADVERS is 16), and EDE 18 with a text.
        message.add(
            .additional, type: 41, ttl: 0x0100_0000, [0, 15, 0, 5, 0, 18, 0x6e, 0x6f, 0x21], name: [0],
            recordClass: 1400)
        let answer = try decode(message.bytes).get()
        #expect(answer.responseCode.description == "BADVERS")
        #expect(answer.udpSize == 1400)
        #expect(answer.extendedErrors == [DNSExtendedError(code: 18, text: "no!")])
        #expect(answer.records.isEmpty)
    }

    /// getservbyport(3), which ldns would call, is not for a program with threads.
    @Test func wellKnownServicesAreWrittenAsBytes() throws {
        var message = WireMessage(answering: try DNSQuery(try DNSName("a.example"), .a).wire)
        message.add(.answer, type: 11, ttl: 5, [192, 0, 2, 1, 6, 0, 0, 0, 0x40])
        #expect(try decode(message.bytes).get().records.first?.value == "\\# 9 c00002010600000040")
    }

    @Test func pointersThatUnfoldToMegabytesAreRefused() throws {
        let label = [UInt8](repeating: 0x61, count: 63)
        let name = try DNSName(
            [label, label, label, label.dropLast(4)].map { String(decoding: $0, as: UTF8.self) }.joined(separator: "."))
        var message = WireMessage(answering: try DNSQuery(name, .a).wire)
        for _ in 0..<4000 { message.add(.answer, type: 2, ttl: 1, [0xc0, 12]) }
        #expect(message.bytes.count < 65535)
        guard case .failure(let error) = decode(message.bytes) else {
            Issue.record("it was decoded")
            return
        }
        #expect(error.code == .protocolError)
    }

    /// A chain of pointers costs a step a link, for each name that begins it: still no more than a moment.
    @Test func longPointerChainsCostLittle() throws {
        var bytes = WireMessage(answering: try DNSQuery(try DNSName("a"), .a).wire).bytes
        let chain = bytes.count + 11
        bytes += [0, 0, 10, 0, 1, 0, 0, 0, 1]
        let links = 8000
        let length = links * 2 + 1
        bytes += [UInt8(length >> 8), UInt8(length & 255), 0]
        for link in 0..<links {
            let target = link == 0 ? chain : chain + 1 + (link - 1) * 2
            bytes += [0xc0 | UInt8(target >> 8 & 0x3f), UInt8(target & 255)]
        }
        let last = chain + 1 + (links - 1) * 2
        var count = 1
        while bytes.count < 65000 {
            bytes += [0xc0 | UInt8(last >> 8 & 0x3f), UInt8(last & 255), 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4]
            count += 1
        }
        (bytes[6], bytes[7]) = (UInt8(count >> 8), UInt8(count & 255))
        var result: Result<DNSAnswer, DNSDecodingError>?
        let took = ContinuousClock().measure { result = decode(bytes) }
        #expect(try result?.get().records.count == count)
        #expect(took < .seconds(20))
    }

    /// Seeded, so that a failure can be run again. PROBEOPS_FUZZ_INPUTS sets how many.
    @Test func mutatedAnswersNeverCrashTheDecoder() throws {
        var random = SeededGenerator(seed: 0x5eed)
        let tried = fuzzInputs ?? 20_000
        var decoded = 0
        for _ in 0..<tried {
            if case .success = decode(try randomMessage(&random)) { decoded += 1 }
        }
        #expect(decoded > tried / 20, "the inputs are too broken to reach the records: \(decoded) of \(tried)")
    }

    private func randomMessage(_ random: inout SeededGenerator) throws -> [UInt8] {
        var message = WireMessage(question: [3, 0x77, 0x77, 0x77, 4, 0x74, 0x65, 0x73, 0x74, 0, 0, 1, 0, 1])
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let type =
                Bool.random(using: &random)
                ? UInt16.random(in: 1...112, using: &random) : UInt16.random(in: 249...262, using: &random)
            var data = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? UInt8.random(in: 0...20, using: &random) : .random(in: 0...255, using: &random)
            }
            if data.count > 3, Bool.random(using: &random) {
                data.replaceSubrange((data.count - 2)..., with: [0xc0, 12])
            }
            message.add(DNSSection.allCases.randomElement(using: &random) ?? .answer, type: type, ttl: 60, data)
        }
        var bytes = message.bytes
        if Int.random(in: 0..<4, using: &random) == 0 {
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
        }
        if Int.random(in: 0..<8, using: &random) == 0 {
            bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
        }
        return bytes
    }

    private let text = RecordText()

    private func decode(_ bytes: [UInt8]) -> Result<DNSAnswer, DNSDecodingError> {
        guard let text else { return .failure(DNSDecodingError(code: .localResourceExhausted, detail: "")) }
        return bytes.withUnsafeBytes { DNSMessage.decode($0, text: text) }
    }

    private func match(_ bytes: [UInt8], _ query: DNSQuery, id: UInt16? = nil) -> DNSQuery.Match {
        bytes.withUnsafeBytes { query.match($0, ids: CollectionOfOne(id ?? query.id)) }
    }
}
