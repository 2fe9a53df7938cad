import Testing

@testable import ProbeNative

@Suite struct PortSetTests {
    @Test(arguments: [
        (ParameterValue.integer(80), [80]),
        (.number(443), [443]),
        (.string("443, 22 ,80"), [22, 80, 443]),
        (.string("1-3,2-5,5"), [1, 2, 3, 4, 5]),
        (.array([.string("22"), .integer(8080), .string("100-102")]), [22, 100, 101, 102, 8080]),
    ])
    func reads(_ value: ParameterValue, _ ports: [UInt16]) {
        #expect(PortSet(value)?.ports == ports)
    }

    @Test func readsEveryPort() {
        #expect(PortSet(.string("1-65535"))?.ports.count == 65535)
        #expect(PortSet(.array(Array(repeating: .string("1-65535"), count: 10)))?.ports.count == 65535)
    }

    @Test(arguments: [
        ParameterValue.integer(0), .integer(65536), .integer(-1), .number(80.5), .string(""), .string("http"),
        .string("80,"),
        .string("90-80"), .string("1-"), .string("-80"), .string("0-10"), .string("1-2-3"), .string("٣"), .bool(true),
        .null,
        .array([]), .array([.array([.integer(80)])]), .object([]), .string("99999999999999999999"), .string("1 2"),
    ])
    func refuses(_ value: ParameterValue) {
        #expect(PortSet(value) == nil)
    }

    @Test func writesRanges() {
        #expect(PortSet.text([UInt16]()) == "")
        #expect(PortSet.text([22, 80, 81, 82, 443, 65534, 65535] as [UInt16]) == "22,80-82,443,65534-65535")
    }
}
