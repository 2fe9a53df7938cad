import Testing
@testable import ProbeBackend
@Test func placeholder() {}
