import NIOWebSocket
import Testing

@testable import ProbeAgent

@Suite struct MaskKeysTests {
    @Test func drawsAnewWhenTheStockIsSpent() {
        var keys = MaskKeys()
        let drawn = (0..<1000).map { _ in Array(WebSocketMaskingKey.random(using: &keys)) }
        #expect(drawn.allSatisfy { $0.count == 4 })
        // Of a thousand random masks hardly two are equal; a stock used twice would make hundreds.
        #expect(Set(drawn).count > 990)
    }
}
