import Testing

@testable import ProbeNative

@Suite struct RandomStockTests {
    @Test func drawsAnewWhenTheStockIsSpent() {
        let stock = RandomStock()
        // A stock used twice would repeat itself after 32 numbers.
        #expect(Set((0..<1000).map { _ in stock.next() }).count == 1000)
    }

    @Test func bytesAndNumbersComeFromOneStock() {
        let stock = RandomStock()
        var drawn: Set<UInt64> = []
        for _ in 0..<100 {
            _ = stock.nextByte()
            drawn.insert(stock.next())
        }
        #expect(drawn.count == 100)
        // That one value of 256 is missing among 10,000 has a chance of 10^-14.
        #expect(Set((0..<10_000).map { _ in stock.nextByte() }).count == 256)
    }
}
