import ProbeNative

// The example of docs/adding-a-tool.md, word for word.
/// Looks a name up as every tool does, and reports what it found.
struct ResolveTool: Tool {
    let name = "resolve"
    let summary = "addresses of a name, as the tools of this node see them"

    struct Parameters {
        var limit: Int
    }

    struct Found: Report {
        var resolution: Resolution
        var limit: Int

        func write(to writer: inout some ReportWriter) {
            writer.strings("addresses", resolution.addresses.prefix(limit).map(\.description))
            writer.field("resolve_ms", resolution.duration)
            writer.field("from_cache", resolution.fromCache)
        }
    }

    func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> Parameters {
        Parameters(limit: reader.integer("limit", default: 8, in: 1...64, help: "addresses to report at most"))
    }

    func run(_ target: Host, _ parameters: Parameters, in context: ProbeContext) async -> ProbeOutcome {
        do throws(ProbeFailure) {
            let resolution = try await context.resolve(target)
            return ProbeOutcome(
                Found(resolution: resolution, limit: parameters.limit), resolvedAddress: resolution.addresses.first)
        } catch {
            return ProbeOutcome(failure: error)
        }
    }
}
