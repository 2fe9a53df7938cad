import Testing
@testable import ProbeNative
@Test func placeholder() {}
