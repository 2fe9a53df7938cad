import Testing

@testable import ProbeNative

@Suite struct TracerouteParametersTests {
    private typealias Member = ParameterValue.Member

    @Test func defaults() throws {
        var reader = ParameterReader([])
        let parameters = TracerouteTool().parameters(&reader, CommonParameters(&reader))
        #expect(parameters.queries == 3 && parameters.isParallel)
        #expect(parameters.path.transport == .udp && parameters.path.port == 33434)
        #expect(parameters.path.maxHops == 30 && parameters.path.gapLimit == 5 && parameters.path.size == 60)
        #expect(parameters.path.timeout == .seconds(1) && parameters.path.resolvesNames && !parameters.path.asksASN)
    }

    @Test(arguments: [
        ("protocol", ParameterValue.string("sctp"), "protocol"), ("max_hops", .integer(65), "max_hops must be"),
        ("max_hops", .integer(0), "1 to 64"), ("first_hop", .integer(31), "first_hop must be at most max_hops (30)"),
        ("queries", .integer(11), "1 to 10"), ("timeout_ms", .integer(1), "timeout_ms"),
        ("gap_limit", .string("many"), "gap_limit"), ("size", .integer(59), "60 to 9000"),
        ("port", .integer(0), "port"), ("flow", .integer(-1), "flow"), ("parallel", .string("maybe"), "parallel"),
        ("asn", .integer(7), "asn"),
    ])
    func whatDoesNotFitIsRefused(_ name: String, _ value: ParameterValue, _ said: String) {
        let refusal = #expect(throws: InvalidInput.self) {
            try TracerouteTool().prepare(target: "192.0.2.1", parameters: [Member(name, value)])
        }
        #expect(refusal?.code == .invalidParameters)
        #expect(refusal?.detail.contains(said) == true, "\(refusal?.detail ?? "")")
    }

    @Test func whatHasNoMeaningIsRefusedToo() {
        for (transport, name) in [(TraceTransport.icmp, "port"), (.tcp, "size")] {
            let refusal = #expect(throws: InvalidInput.self) {
                try TracerouteTool().prepare(
                    target: "192.0.2.1", parameters: [.transport(transport), .integer(name, 80)])
            }
            #expect(refusal?.detail.contains("\(name) has no meaning") == true)
        }
    }

    @Test(arguments: [("cycles", 0), ("cycles", 101), ("interval_ms", 99), ("flows", 9)])
    func mtrsOwn(_ name: String, _ value: Int) {
        #expect(throws: InvalidInput.self) {
            try MTRTool().prepare(target: "192.0.2.1", parameters: [.integer(name, value)])
        }
    }

    @Test(arguments: [("max", 67), ("max", 65536), ("tries", 0), ("timeout_ms", 0)])
    func pathMTUsOwn(_ name: String, _ value: Int) {
        #expect(throws: InvalidInput.self) {
            try PathMTUTool().prepare(target: "192.0.2.1", parameters: [.integer(name, value)])
        }
    }

    /// A job without a timeout must not be cut while it does what it was asked for.
    @Test func longJobsGetTheirTime() throws {
        let long = try MTRTool().prepare(
            target: "192.0.2.1", parameters: [.integer("cycles", 100), .integer("interval_ms", 2000)])
        #expect(long.defaultTimeout > .seconds(200))
        let patient = try TracerouteTool().prepare(
            target: "192.0.2.1", parameters: [.init("timeout_ms", .integer(10000)), .init("parallel", .bool(false))])
        #expect(patient.defaultTimeout > .seconds(200))
    }
}
