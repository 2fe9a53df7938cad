import Testing
@testable import ProbeProtocol
@Test func placeholder() {}
