import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct IdentRegisterTests {
    @Test func anIdentIsUniqueWhileItIsUsedAndWhileItRests() {
        let time = ManualTime()
        let register = IdentRegister()
        #expect(register.claim(7, at: time.now))
        time.advance(by: .seconds(3600))
        #expect(!register.claim(7, at: time.now), "in use, however long")
        register.release(7, at: time.now, after: .seconds(1))
        time.advance(by: .milliseconds(2999))
        #expect(!register.claim(7, at: time.now), "rests for its timeout and 2 s")
        time.advance(by: .milliseconds(1))
        #expect(register.claim(7, at: time.now))
    }

    @Test func underPressureNoIdentIsGivenTwice() async {
        let register = IdentRegister()
        let now = Instant(nanoseconds: 1)
        // Four takers draw at random until all 65,536 are taken.
        let taken = await withTaskGroup(of: [UInt16].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    (0..<400_000).compactMap { _ in
                        let ident = UInt16.random(in: 0 ... .max)
                        return register.claim(ident, at: now) ? ident : nil
                    }
                }
            }
            return await group.reduce(into: [UInt16]()) { $0 += $1 }
        }
        #expect(Set(taken).count == taken.count)
        #expect(register.count(at: now) == taken.count)
        #expect(taken.count > 65_000)
    }
}
