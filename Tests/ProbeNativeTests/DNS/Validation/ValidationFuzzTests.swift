import ProbeTesting
import Testing

@testable import ProbeNative

/// Records of DNSSEC with random data, through all that looks at them: nothing may crash, and nothing may be proved.
@Suite struct ValidationFuzzTests {
    private let zone: CanonicalName
    private let names: [CanonicalName]

    init() throws {
        zone = CanonicalName(try DNSName("z.test"))
        names = try ["z.test", "a.z.test", "b.a.z.test", "*.z.test", "test", "."].map { CanonicalName(try DNSName($0)) }
    }

    @Test func randomRecordsNeitherCrashNorProve() async throws {
        var random = SeededGenerator(seed: 0xd5)
        var check = SignatureCheck(SystemTime())
        var sets = 0
        for round in 0..<(fuzzInputs ?? 3_000) {
            let message = message(&random)
            guard let read = try? RecordSets(message) else { continue }
            let all = read.answer + read.authority + read.additional
            sets += all.count
            look(at: all)
            let keys = all.flatMap(\.records).compactMap(ZoneKey.init)
            if round % 100 == 0 { check = SignatureCheck(SystemTime()) }
            for set in all {
                let verified = try? await check.verify(set, of: zone, by: keys)
                #expect(verified == nil, "\(message)")
            }
        }
        #expect(sets > 500, "the inputs are too broken to be looked at: \(sets)")
    }

    private func look(at sets: [SignedSet]) {
        let records = sets.flatMap(\.records)
        let proofs: [any DenialProof] = [
            PlainDenial(records.filter { $0.type == .nsec }, of: zone),
            HashedDenial(records.filter { $0.type == .nsec3 }, of: zone),
        ]
        for proof in proofs {
            for name in names {
                _ = proof.noData(name, .a)
                _ = proof.noData(name, .ds)
                _ = proof.nameError(name)
                _ = proof.delegation(name)
                _ = proof.wildcardApplies(to: name, labels: 2)
            }
        }
        let signers = records.filter { $0.type == .ds }.map { DelegationSigner(record: $0) }
        for key in records.compactMap(ZoneKey.init) {
            for signer in signers { #expect(!key.matches(signer)) }
        }
    }

    private func message(_ random: inout SeededGenerator) -> [UInt8] {
        var message = WireMessage(question: [0, 0, 1, 0, 1])
        let types: [UInt16] = [1, 43, 46, 47, 48, 50]
        for section in DNSSection.allCases {
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let type = types.randomElement(using: &random) ?? 1
                let owner = names.randomElement(using: &random) ?? zone
                message.add(section, type: type, ttl: 60, data(type, &random), name: owner.wire)
            }
        }
        var bytes = message.bytes
        if Int.random(in: 0..<4, using: &random) == 0 {
            bytes[Int.random(in: 12..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
        }
        return bytes
    }

    /// The fixed fields as they should be, mostly; then what chance brings.
    private func data(_ type: UInt16, _ random: inout SeededGenerator) -> [UInt8] {
        func noise(_ range: ClosedRange<Int>, _ random: inout SeededGenerator) -> [UInt8] {
            (0..<Int.random(in: range, using: &random)).map { _ in .random(in: 0...255, using: &random) }
        }
        let algorithm: UInt8 = [5, 7, 8, 10, 13, 14, 15, 16, 3, 200].randomElement(using: &random) ?? 13
        let name = (names.randomElement(using: &random) ?? zone).wire
        // Bitmaps in three shapes: whole, cut off, none.
        let bitmaps: [[UInt8]] = [
            [0, 2, 0x62, 0x01], [0, 6, 0x40], [0], [], [0, 1, 0xff, 1], noise(0...12, &random),
        ]
        let bitmap = bitmaps.randomElement(using: &random) ?? []
        switch type {
        case 43: return [0, 1, algorithm, UInt8.random(in: 0...5, using: &random)] + noise(0...48, &random)
        case 46:
            let covered: UInt8 = [1, 43, 47, 48, 50].randomElement(using: &random) ?? 1
            let times: [UInt8] = [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1]
            return [0, covered, algorithm, 2, 0, 0, 0, 60] + times + noise(2...2, &random) + zone.wire
                + noise(0...140, &random)
        case 47: return name + bitmap
        case 48: return [1, 1, 3, algorithm] + noise(0...140, &random)
        case 50:
            let length = UInt8.random(in: 0...24, using: &random)
            return [1, UInt8.random(in: 0...1, using: &random), 0, 3, 2, 0xbe, 0xef, length]
                + noise(Int(length)...Int(length), &random) + bitmap
        default: return [192, 0, 2, 1]
        }
    }
}
