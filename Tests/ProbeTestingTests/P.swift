import Testing

@testable import ProbeTesting

@Test func placeholder() {}
