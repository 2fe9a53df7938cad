import Testing
@testable import ProbeAgent
@Test func placeholder() {}
