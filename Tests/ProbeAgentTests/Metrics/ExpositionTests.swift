import ProbeMetrics
import Testing

struct ExpositionTests {
    @Test func histogramsAreCumulative() {
        let histogram = Histogram([0.001, 0.5])
        for nanoseconds in [1, 1_000_000, 1_000_001, 500_000_000, 2_000_000_000] {
            histogram.observe(nanoseconds: nanoseconds)
        }
        var page = Exposition()
        page.add("a_seconds", "Help.", [(["tool": "x"], histogram)])
        #expect(
            page.text == """
                # HELP a_seconds Help.
                # TYPE a_seconds histogram
                a_seconds_bucket{le="0.001",tool="x"} 2
                a_seconds_bucket{le="0.5",tool="x"} 4
                a_seconds_bucket{le="+Inf",tool="x"} 5
                a_seconds_sum{tool="x"} 2.502000002
                a_seconds_count{tool="x"} 5

                """)
    }

    @Test(arguments: [
        (0.0, "0"), (1.5, "1.5"), (1e15, "1000000000000000"), (Double.nan, "NaN"), (-Double.infinity, "-Inf"),
        (0.00001, "1e-05"),
    ])
    func numbersAreAsPrometheusReadsThem(value: Double, shown: String) {
        var page = Exposition()
        page.add("a", .gauge, "Help.", value)
        #expect(page.text.hasSuffix("\na \(shown)\n"), "\(page.text)")
    }

    @Test func theProcessIsThere() throws {
        let start = try #require(ProcessStatus.startTime)
        #expect(start > 1.7e9 && ProcessStatus.processorTime > 0)
        let (open, limit) = (try #require(ProcessStatus.openDescriptors), try #require(ProcessStatus.descriptorLimit))
        #expect(open > 2 && open < limit)
        #expect(try #require(ProcessStatus.residentMemory) > 1 << 20)
    }
}
